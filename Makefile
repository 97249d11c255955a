# Every target makes the virtual environment it needs; nothing else has to be installed but
# Python >= 3.11 (with venv), a C++20 compiler and make.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUT ?= quickstart
SOUND ?= synthrl_jax/assets/example.wav

NATIVE_SOURCES := CMakeLists.txt $(shell find csrc third_party -type f)

.PHONY: help quickstart demo test browser screenshot lint format bench wheel sanitize fuzz fuzz-surge clean

help:
	@echo "make quickstart  build, train three tiny stages on bundled sounds, evaluate, match"
	@echo "make demo        open the page that matches sounds in a browser"
	@echo "make test        run the test suite"
	@echo "make browser     install Debian's Chromium, which the tests of the page need (as root)"
	@echo "make lint        check style and types"
	@echo "make format      apply the style"
	@echo "make bench       measure rendering speed against dexed-py"
	@echo "make wheel       build sdist and wheel, and test the wheel away from the sources"
	@echo "make sanitize    run the C++ tests under address, undefined and thread sanitizers"
	@echo "make fuzz        feed the readers and the engine with random input"
	@echo "make fuzz-surge  feed damaged Surge patches to the reader, under sanitizers"
	@echo "make screenshot  take the README's picture of the page anew"
	@echo "make clean       remove what was built"

$(READY): pyproject.toml setup.py $(NATIVE_SOURCES)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python scripts/build_requirements.py | \
		$(BIN)/python -m pip install --quiet --requirement /dev/stdin
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[demo,test,lint]'
	touch $@

$(OUT)/dexed/manifest.json: | $(READY)
	$(BIN)/synthrl prepare --dexed synthrl_jax/assets/voices.syx --out $(OUT)/dexed

$(OUT)/elsewhere/manifest.json: | $(READY)
	$(BIN)/synthrl prepare --surge synthrl_jax/assets/patches --out $(OUT)/elsewhere

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
	$(BIN)/synthrl match $(SOUND) --run $(OUT)/stage3 --out $(OUT)/match
	@echo
	@echo "Look at   $(OUT)/match/index.html              (a sound and the patches found for it)"
	@echo "          $(OUT)/evaluation-dexed/index.html   (unseen DX7 voices)"
	@echo "          $(OUT)/evaluation-elsewhere/index.html"

demo: $(READY)
	$(BIN)/synthrl demo

test: $(READY)
	$(BIN)/python -m pytest

browser:
	command -v chromium || { apt-get update && DEBIAN_FRONTEND=noninteractive \
		apt-get install --yes --no-install-recommends chromium fonts-dejavu-core; }

screenshot: $(READY)
	$(BIN)/python scripts/take_screenshot.py docs/img/demo.png

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

# The wheel is built from the sdist, without network, then installed into an empty environment and
# tested in a folder that has the tests but not the sources.
WHEEL_CHECK := build/wheel-check
ENGINE_TESTS := $(addprefix tests/test_,render.py dx7_conformance.py dx7_output.py dx7_patch.py)

wheel: $(READY)
	rm -rf dist $(WHEEL_CHECK)
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --sdist --no-isolation --outdir dist
	$(BIN)/python -m pip wheel --quiet --no-index --no-build-isolation --no-deps \
		--wheel-dir dist dist/*.tar.gz
	mkdir -p $(WHEEL_CHECK)
	cp -r tests benchmarks third_party pyproject.toml $(WHEEL_CHECK)
	$(PYTHON) -m venv $(WHEEL_CHECK)/venv
	$(WHEEL_CHECK)/venv/bin/python -m pip install --quiet "$$(ls dist/*.whl)[test]"
	cd $(WHEEL_CHECK) && venv/bin/python -m pytest -m "native and not slow" $(ENGINE_TESTS)

sanitize: $(READY)
	for kind in address,undefined thread; do \
		$(BIN)/cmake -S . -B build/sanitize-$$kind -DSYNTHRL_SANITIZE=$$kind -DSYNTHRL_PYTHON=OFF \
			-DSYNTHRL_CPP_TESTS=ON && \
		$(BIN)/cmake --build build/sanitize-$$kind --parallel && \
		$(BIN)/ctest --test-dir build/sanitize-$$kind --no-tests=error --output-on-failure \
			|| exit 1; \
	done

# Needs clang, whose libFuzzer steers by the code that is reached.
FUZZ_SECONDS ?= 60
CLANG ?= clang++

fuzz: $(READY)
	$(BIN)/python -m pip install --quiet atheris
	$(BIN)/python tests/fuzz/sysex.py -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1
	$(BIN)/cmake -S . -B build/fuzz -DCMAKE_CXX_COMPILER=$(CLANG) -DSYNTHRL_PYTHON=OFF \
		-DSYNTHRL_FUZZERS=ON -DSYNTHRL_SANITIZE=address,undefined
	$(BIN)/cmake --build build/fuzz --parallel
	for fuzzer in build/fuzz/*_fuzz; do \
		$$fuzzer -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 || exit 1; \
	done

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
