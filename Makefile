# Everything a person does with this repository, one word each. `make help` lists it.
PYTHON ?= python3.11
PORT ?= 8000
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
PIP := $(BIN)/python -m pip --disable-pip-version-check
TORCH := $(shell sed -n 's/^  "\(torch==[^"]*\)".*/\1/p' pyproject.toml)
CODE := app nlp training tests .ci

# Nothing at install or run time may ask a model hub.
export HF_HUB_OFFLINE := 1
export TRANSFORMERS_OFFLINE := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

.PHONY: help
help: ## 列出所有命令 · list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- set up ---------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(STAMP)/app ## 建立 .venv 并安装（PYTHON=python3.11；GPU=1 允许 CUDA 版 torch）· create .venv

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "找不到 $(PYTHON)：请先安装 Python 3.11，或指明 make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "建立环境失败：在 Debian 上请先执行 apt-get install python3.11-venv" >&2; exit 1; }

# torch comes first and alone: asked for by another package, pip would take the newest CUDA build.
$(STAMP)/torch: constraints.txt .ci/cpu_torch.py | $(BIN)/python
	@mkdir -p $(STAMP)
	@test -n "$(GPU)" || $(BIN)/python .ci/cpu_torch.py $(TORCH)
	$(PIP) install --quiet --progress-bar off -c constraints.txt $(TORCH)
	@touch $@

$(STAMP)/app: $(STAMP)/torch pyproject.toml
	$(PIP) install --quiet --progress-bar off -c constraints.txt -e .
	@touch $@

$(STAMP)/test: $(STAMP)/app
	$(PIP) install --quiet --progress-bar off -c constraints.txt -e '.[test]'
	@touch $@

$(STAMP)/training: $(STAMP)/app
	$(PIP) install --quiet --progress-bar off -c constraints.txt -e '.[training]'
	@touch $@

# ---- run ------------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: setup ## 样例数据、分析、主题，然后在 127.0.0.1:$PORT 打开控制台 · sample data and the console
	@$(BIN)/huisheng demo --port $(PORT)

# ---- judge ----------------------------------------------------------------------------------------------------------

SYSTEM := chromium fonts-noto-cjk
HAS_FONT := find /usr/share/fonts /usr/local/share/fonts $(HOME)/.fonts $(HOME)/.local/share/fonts \
	\( -iname '*cjk*' -o -iname 'wqy*' \) -print -quit 2>/dev/null | grep -q .

.PHONY: browser
browser: # the page tests need Debian's Chromium and a Chinese font
	@if command -v chromium >/dev/null && $(HAS_FONT); then exit 0; fi; \
	if [ "$$(id -u)" = 0 ]; then as=; elif sudo -n true 2>/dev/null; then as=sudo; else \
	  echo "测试要用 Chromium 和中文字体，请执行：sudo apt-get install -y $(SYSTEM)" >&2; exit 1; fi; \
	$$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(SYSTEM) >/dev/null

.PHONY: test
test: $(STAMP)/test browser ## 全部测试（ARGS 传给 pytest）· every test
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: lint
lint: $(STAMP)/test ## 代码风格与导入方向 · style and import direction
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/lint-imports

.PHONY: types
types: $(STAMP)/test ## 类型检查 · strict types
	$(BIN)/mypy

.PHONY: bench
bench: $(STAMP)/test ## 基准：每秒条数、启动时间、内存，以及长时间的模拟 · figures and long simulations
	$(BIN)/python -m pytest tests/bench -o 'python_files=bench_*.py' -s $(ARGS)

.PHONY: fuzz
fuzz: $(STAMP)/test ## 找能打破遮盖承诺的文本，由覆盖率引导（RUNS=100000）· coverage-guided search for a text that masking fails on
	$(PIP) install --quiet --progress-bar off -c constraints.txt -e '.[fuzz]'
	PYTHONPATH=. $(BIN)/python tests/fuzz/fuzz_masking.py -runs=$(or $(RUNS),100000) -max_len=100 -len_control=0 $(ARGS)

.PHONY: screenshots
screenshots: $(STAMP)/test browser ## 走一遍 README 的路径，截图存入 tests/e2e/screenshots · pictures of the README's path
	$(BIN)/python -m pytest tests/e2e $(ARGS)
	@ls tests/e2e/screenshots

# ---- keep -----------------------------------------------------------------------------------------------------------

.PHONY: format
format: $(STAMP)/test ## 整理代码格式 · format the code
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

.PHONY: docs
docs: $(STAMP)/test ## 重写 docs/reference · write the generated reference pages
	$(BIN)/python -m tests.reference

.PHONY: lock
lock: $(STAMP)/test $(STAMP)/training ## 由 .venv 重写 constraints.txt · pin what .venv holds
	@{ echo "# The versions this release was tested with; \`make lock\` writes this file. Ranges stand in pyproject.toml."; \
	$(PIP) freeze --all --exclude-editable | sed 's/+cpu$$//' | grep -E '^[A-Za-z0-9._-]+==[A-Za-z0-9.]+$$' | grep -v '^pip=='; \
	} > constraints.new && mv constraints.new constraints.txt

.PHONY: clean
clean: ## 删去缓存与构建产物（.venv 与 var/ 留着）· remove caches and build output
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis tests/e2e/screenshots
	find app nlp training tests -name __pycache__ -type d -prune -exec rm -rf {} +
