# Every target makes the virtual environment it needs; nothing else has to be installed but
# Python >= 3.11 (with venv), a C++20 compiler and make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= quickstart
SOUND ?= synthrl_jax/assets/example.wav

NATIVE_SOURCES := CMakeLists.txt $(shell find csrc third_party -type f)

.PHONY: help quickstart test lint format bench fuzz-surge clean

help:
	@echo "make quickstart  build, train three tiny stages on bundled sounds, evaluate, match"
	@echo "make test        run the test suite"
	@echo "make lint        check style and types"
	@echo "make format      apply the style"
	@echo "make bench       measure rendering speed against dexed-py"
	@echo "make fuzz-surge  feed damaged Surge patches to the reader, under sanitizers"
	@echo "make clean       remove what was built"

$(READY): pyproject.toml setup.py $(NATIVE_SOURCES)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[test,lint]'
	touch $@

$(OUT)/dexed/manifest.json: | $(READY)
	$(BIN)/synthrl prepare --dexed synthrl_jax/assets/voices.syx --out $(OUT)/dexed

$(OUT)/elsewhere/manifest.json: | $(READY)
	$(BIN)/synthrl prepare --audio synthrl_jax/assets/sounds --out $(OUT)/elsewhere

# Started again, it keeps the datasets and the runs it finds.
quickstart: $(READY) $(OUT)/dexed/manifest.json $(OUT)/elsewhere/manifest.json
	$(BIN)/python train.py --config=configs/stage1.py:tiny --workdir=$(OUT)/stage1 \
		--config.data.path=$(OUT)/dexed
	$(BIN)/python train.py --config=configs/stage2.py:tiny --workdir=$(OUT)/stage2 \
		--config.data.path=$(OUT)/dexed --config.init_from=$(OUT)/stage1
	$(BIN)/python train.py --config=configs/stage3.py:tiny --workdir=$(OUT)/stage3 \
		--config.data.path=$(OUT)/elsewhere --config.init_from=$(OUT)/stage2
	$(BIN)/synthrl evaluate --run $(OUT)/stage2 --data $(OUT)/dexed --out $(OUT)/evaluation-dexed
	$(BIN)/synthrl evaluate --run $(OUT)/stage3 --data $(OUT)/elsewhere \
		--out $(OUT)/evaluation-elsewhere
	$(BIN)/synthrl match $(SOUND) --run $(OUT)/stage3 --out $(OUT)/match/patch.syx
	@echo
	@echo "Look at   $(OUT)/match/patch.html              (a sound and the patch found for it)"
	@echo "          $(OUT)/evaluation-dexed/index.html   (unseen DX7 voices)"
	@echo "          $(OUT)/evaluation-elsewhere/index.html"

test: $(READY)
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	find csrc tests/cpp -name '*.h' -o -name '*.cc' | xargs $(BIN)/clang-format --dry-run --Werror

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find csrc tests/cpp -name '*.h' -o -name '*.cc' | xargs $(BIN)/clang-format -i

bench: $(READY)
	$(BIN)/synthrl bench render

FUZZ_EXECUTIONS ?= 1000000
FUZZ_SEED ?= 1
FUZZ_SOURCES := $(addprefix csrc/surge/,parameters.cc xml.cc patch.cc migrations.cc patch_file.cc \
	usage.cc oscillators/wavetable.cc filters/subtypes.cc) $(wildcard tests/fuzz/*.cc)

fuzz-surge:
	mkdir -p build
	$(CXX) -std=c++20 -O1 -g -ffp-contract=off -fsanitize=address,undefined \
		-fno-sanitize-recover=all -Icsrc $(FUZZ_SOURCES) -o build/surge_patch_fuzz
	build/surge_patch_fuzz $(FUZZ_EXECUTIONS) $(FUZZ_SEED) synthrl_jax/assets/patches/*.fxp

clean:
	rm -rf build dist $(VENV) quickstart synthrl_jax/_native*.so
