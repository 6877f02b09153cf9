"""Tell before the download whether pip would take a CPU build of torch; exit 1 with advice where it would not.

Run with the interpreter that will install it: `.venv/bin/python .ci/cpu_torch.py torch==2.13.0`. Where the index
offers a wheel's metadata by itself nothing large moves; elsewhere pip loads torch's own wheel (about 500 MB) but none
of the rest.
"""

import json
import subprocess
import sys

from pip._vendor.packaging.requirements import Requirement

ADVICE = """\
pip 将取到 {name} {version} 的 CUDA 版本：连同依赖要下载约 3 GB、占用约 6 GB 磁盘，而回声只用 CPU。
请把 CPU 版轮子（文件名含 +cpu）放进一个文件夹，再执行：
    PIP_FIND_LINKS=/存放轮子的文件夹 make setup
确实要装 CUDA 版本时：
    GPU=1 make setup

pip would take the CUDA build of {name} {version}: about 3 GB to download and 6 GB on disk, while Huisheng runs
on the CPU. Put the CPU wheel (its file name says +cpu) into a folder and run the first command above; to take the CUDA
build all the same, run the second.
"""


def cuda_parts(requires_dist: list[str]) -> list[str]:
    """Names of the GPU packages that a wheel with these requirements would pull in on this machine."""
    requirements = [Requirement(line) for line in requires_dist]
    wanted = [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    return [name for name in wanted if name.startswith(("nvidia-", "cuda-", "triton"))]


def main() -> int:
    """0: a CPU build; 1: a CUDA build; 2: pip found nothing at all (its own message is shown)."""
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]
    answer = subprocess.run([*pip, "--report", "-", sys.argv[1]], stdout=subprocess.PIPE, check=False)
    if answer.returncode:
        return 2
    metadata = json.loads(answer.stdout)["install"][0]["metadata"]
    if "+cpu" in metadata["version"] or not cuda_parts(metadata.get("requires_dist", [])):
        return 0
    sys.stderr.write(ADVICE.format(**metadata))
    return 1


if __name__ == "__main__":
    sys.exit(main())
