# The CPU wheel of torch comes from a folder beside the build, so that no index has to offer it:
#   docker build --build-context wheels=/folder/with/the/cpu/wheel --secret id=pip,src=pip.conf -t huisheng .
# (pip.conf names the bank's own package mirror; leave the secret out where pip needs none.)
FROM scratch AS wheels

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/huisheng
RUN python -m venv /srv/venv
COPY pyproject.toml constraints.txt ./
COPY .ci/cpu_torch.py .ci/
# torch first and alone, as in the Makefile: dependencies change rarely and stay in the layer cache.
RUN --mount=type=bind,from=wheels,target=/wheels --mount=type=secret,id=pip,target=/etc/pip.conf \
    export PIP_FIND_LINKS=/wheels torch="$(sed -n 's/^  "\(torch==[^"]*\)".*/\1/p' pyproject.toml)" \
    && /srv/venv/bin/python .ci/cpu_torch.py "$torch" \
    && /srv/venv/bin/pip install -c constraints.txt "$torch"
COPY app app
COPY nlp nlp
COPY training training
# Editable, so that the code finds data/ beside it; the next stage lies at the same path.
RUN --mount=type=bind,from=wheels,target=/wheels --mount=type=secret,id=pip,target=/etc/pip.conf \
    PIP_FIND_LINKS=/wheels /srv/venv/bin/pip install -c constraints.txt -e .

FROM python:3.11-slim
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 \
    NUMBA_CACHE_DIR=/tmp/numba \
    HUISHENG_HOME=/var/lib/huisheng HUISHENG_HOST=0.0.0.0 HUISHENG_PORT=8000
RUN useradd --system --uid 10001 --home-dir /var/lib/huisheng --create-home huisheng
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/huisheng /srv/huisheng
COPY data /srv/huisheng/data
WORKDIR /srv/huisheng
USER 10001
VOLUME /var/lib/huisheng
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["huisheng", "serve"]
