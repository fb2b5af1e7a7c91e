# One command for each task. `make audit` and `make test` set up everything they need on a fresh machine.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
EXAMPLE := examples/plant-7
TODAY := 2026-11-23
WHEELHOUSE ?= build/wheelhouse

.PHONY: audit test quick slow-list release-check lint types format golden coverage example docs screenshots facts bench transfer-table budget-table trust-table trust-suites wheelhouse lock clean help

help:            ## Show this list.
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

audit: $(VENV)/.runtime    ## Set up, audit the example, write build/plant-7.html and build/plant-7.json.
	@mkdir -p build && rm -f build/plant-7.html build/plant-7.json
	@$(BIN)/auditor audit $(EXAMPLE)/plan.yaml --evidence $(EXAMPLE)/plant-7.evidence --at $(TODAY) \
		--format text --format html=build/plant-7.html --format json=build/plant-7.json; \
	code=$$?; test $$code -le 1 || exit $$code; test -s build/plant-7.html -a -s build/plant-7.json
	@echo
	@echo "The example has errors on purpose. Open build/plant-7.html in a browser, and show one finding in full:"
	@echo "  $(BIN)/auditor show chain-incomplete"
	@echo "Then write your own plan, and audit it:"
	@echo "  $(BIN)/auditor init plan.yaml"
	@echo "  $(BIN)/auditor audit plan.yaml"
	@echo "To call \`auditor\` from any folder: uv tool install .   or   pipx install ."

test: $(VENV)/.dev         ## Set up, then run every test on all cores. A test is skipped with the reason if its program is missing.
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

quick: $(VENV)/.dev        ## Run lint, types and the fast tests that need no other program.
	@$(MAKE) --no-print-directory -j2 lint types
	$(BIN)/python -m pytest -q -n auto --dist worksteal --quick $(PYTEST_ARGS)

slow-list: $(VENV)/.dev    ## Measure every test on one core and write tests/slow.txt, which `make quick` leaves out.
	$(BIN)/python -m pytest --write-slow $(PYTEST_ARGS)

coverage: $(VENV)/.dev     ## Run the tests with branch coverage, including the command line.
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest $(PYTEST_ARGS)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --fail-under=95

lint: $(VENV)/.dev         ## Check style, common mistakes and the import rule.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.dev        ## Check types in strict mode.
	$(BIN)/mypy

format: $(VENV)/.dev       ## Format the code and apply lint's automatic fixes.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: $(VENV)/.dev       ## Write the golden files again; then read the difference.
	$(BIN)/python -m pytest --update-golden tests

example: $(VENV)/.dev      ## Make the example's certificates, images and evidence again.
	$(BIN)/python $(EXAMPLE)/make.py

docs: $(VENV)/.dev         ## Write the generated pages of docs/.
	$(BIN)/python docs/generate.py

screenshots: $(VENV)/.dev  ## Draw the pictures of the README: the screen, and the HTML report in a headless Chromium.
	$(BIN)/python tools/screenshots.py

bench: $(VENV)/.dev        ## Run the benchmarks. Each prints ratios measured side by side in one run.
	$(BIN)/python bench/evaluate.py
	$(BIN)/python bench/budgets.py
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/collect.py
	$(BIN)/python bench/latency.py
	$(BIN)/python bench/verify.py
	$(BIN)/python bench/unpacked.py
	$(BIN)/python bench/lists.py
	$(BIN)/python bench/workloads.py
	$(BIN)/python bench/archives.py
	$(BIN)/python bench/trust.py
	$(BIN)/python bench/manifest.py
	$(BIN)/python bench/browser.py

facts: $(VENV)/.dev         ## Read default images at the tags of clones: `make facts CLONES=DIR` (rke2, k3s, k0s, kubernetes below DIR).
	@test -n "$(CLONES)" || { echo "make facts CLONES=DIR: a folder with clones named rke2, k3s, k0s and kubernetes"; exit 2; }
	$(BIN)/python -m tools.facts $(CLONES) $(FACTS_ARGS)

release-check: $(VENV)/.dev ## Build wheel and sdist, install them for Python 3.11 to 3.14 where present, run the example from each.
	$(BIN)/python tools/release_check.py

transfer-table: $(VENV)/.dev ## Compare real copies with the predictions, with the pinned and the newest releases of the tools.
	@mkdir -p build/newest
	-GOBIN=$(CURDIR)/build/newest CGO_ENABLED=0 go install github.com/google/go-containerregistry/cmd/crane@latest
	-GOBIN=$(CURDIR)/build/newest CGO_ENABLED=0 go install github.com/regclient/regclient/cmd/regctl@latest
	-GOBIN=$(CURDIR)/build/newest CGO_ENABLED=0 go install oras.land/oras/cmd/oras@latest
	-GOBIN=$(CURDIR)/build/newest CGO_ENABLED=0 go install -tags "containers_image_openpgp exclude_graphdriver_btrfs" \
		github.com/containers/skopeo/cmd/skopeo@latest
	$(BIN)/python -m tests.peers.transfer_table --newest build/newest

budget-table: $(VENV)/.dev   ## Compare the size of real copies with the estimates, one line per tool, options and images.
	$(BIN)/python -m tests.peers.budget_table

trust-table: $(VENV)/.dev ## Compare our verdicts on chains with Go, OpenSSL and NIST's suite, one line per chain and client.
	$(BIN)/python -W ignore -m tests.peers.trust_table

trust-suites: $(VENV)/.dev ## Compare our verdicts with Go, OpenSSL and Windows on x509-limbo and BetterTLS: `make trust-suites CLONES=DIR`.
	@test -n "$(CLONES)" || { echo "make trust-suites CLONES=DIR: a folder with clones named x509-limbo and bettertls"; exit 2; }
	$(BIN)/python -W ignore -m tests.peers.trust_suites $(CLONES)

wheelhouse: $(VENV)/.dev   ## Download all packages for an installation without a network into build/wheelhouse, for this Python and system.
	rm -rf "$(WHEELHOUSE)"
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
		-r requirements/runtime.txt -d "$(WHEELHOUSE)"
	$(BIN)/python -m hatchling build -t wheel -d "$(WHEELHOUSE)"
	@echo "Copy $(WHEELHOUSE) to the offline side and run there: python3 -m venv auditor && auditor/bin/pip install --no-index --find-links $(notdir $(WHEELHOUSE)) airgap-auditor"

lock: $(VENV)/.dev         ## Pin all dependencies again, with hashes.
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --upgrade -q -o requirements/runtime.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --upgrade -q -o requirements/dev.txt

clean:           ## Remove build results.
	rm -rf $(VENV) build dist .coverage* .mypy_cache .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python requirements/runtime.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	@touch $@
