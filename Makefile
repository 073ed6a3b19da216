# Doorknock: everything that is done with this repository, one word each. `make help` lists the words.
# A fresh Debian 12 or 13 with git, make and Rust is enough: what else is needed is installed by the targets that
# need it (see scripts/install_deps.sh); nothing happens where it is there already.

CARGO ?= cargo
BIN := target/release/doorknock
.DEFAULT_GOAL := help
.PHONY: help run test check bench screenshots budgets vendor pages-test pages-long faults fleet soak soak-memory fuzz-api mutations forms corpus build install-deps clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install-deps: ## Install what is missing: PostgreSQL, a C compiler; with e2e/ also Chromium, Node.js, Chinese fonts
	@./scripts/install_deps.sh

build: install-deps ## Build the release binary
	$(CARGO) build --release --locked

run: build ## First steps: an invented survey, its service and pages, a phone to enrol; PHONE=1: over HTTPS for real phones
	@./scripts/first_steps.sh

# No doctests: the examples in comments are read, the tests are run.
test: install-deps ## Run all tests, on a PostgreSQL of their own; the pages in Chromium
	$(CARGO) test --locked --lib --bins --tests
	@if [ -d e2e ]; then $(MAKE) --no-print-directory pages-test; fi

pages-test: install-deps ## The pages in Chromium: both languages, accessibility, keyboard, without script, on paper
	$(CARGO) build --locked
	cd e2e && npm ci --silent --no-audit --no-fund && DOORKNOCK_BIN=../target/debug/doorknock node all.mjs

pages-long: install-deps ## The same with every combination of language, width and theme, 500 households, and the long stories
	$(CARGO) build --locked
	cd e2e && npm ci --silent --no-audit --no-fund && LONG=1 DOORKNOCK_BIN=../target/debug/doorknock node all.mjs

check: install-deps ## Format, lints, tests; schema and dependency rules where their tools are installed
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	@if command -v python3 >/dev/null; then python3 scripts/make_forms.py --check; fi
	@if command -v squawk >/dev/null; then squawk --assume-in-transaction schema/*.sql; \
	 else echo "schema lint left out: squawk is not installed (pip install squawk-cli)"; fi
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --offline check bans licenses sources; \
	 else echo "dependency rules left out: cargo-deny is not installed (cargo install cargo-deny)"; fi
	$(CARGO) test --locked --lib --bins --tests

faults: install-deps ## Every fault by name, 50 times each (RUNS=…); DOORKNOCK_FAULT_SEED=… repeats a run
	@rm -f target/faults.tsv
	DOORKNOCK_FAULT_RUNS=$${RUNS:-50} DOORKNOCK_FAULT_REPORT=$(CURDIR)/target/faults.tsv \
	 $(CARGO) test --locked --test it -- --test-threads 2 embedded:: faults:: broken:: races::
	@echo "fault, runs, records acknowledged (all found once), seconds, seed:"; sort target/faults.tsv

mutations: ## Break the service on purpose, one way at a time; every way must be noticed
	@./scripts/install_deps.sh --python
	python3 tests/mutations/run.py

fleet: install-deps ## Twenty Collect phones at 6,000 doors for three evenings end as the same work sent in batches
	DOORKNOCK_FLEET=20x300x3 $(CARGO) test --locked --test it -- --exact \
	 fleet::collect_phones_and_batches_end_in_the_same_doors_states_rates_and_labels

forms: ## Write the built-in forms (forms/*.xlsx) from their text, scripts/make_forms.py
	python3 scripts/make_forms.py

corpus: ## Compare our conversion of spreadsheets with pyxform's: CHECK='command with {file} {out}' DIRS='folders'
	python3 tests/forms/corpus.py --check '$(CHECK)' $(DIRS)

bench: install-deps ## Measure the service against plain PostgreSQL on this machine (minutes; BENCH=--quick is shorter)
	$(CARGO) bench --locked --bench sync -- $(BENCH)

soak: install-deps ## Ten minutes of load with random kills; nothing lost, nothing doubled, memory flat
	$(CARGO) test --locked --test it -- --ignored --exact faults::outside::soak --nocapture

soak-memory: install-deps ## Ten minutes of load without kills, on the benchmark's scale
	$(CARGO) bench --locked --bench sync -- --part soak --minutes 10

fuzz-api: build ## Hold a running service against its own description with schemathesis (PyPI, in a virtual environment)
	@./scripts/install_deps.sh --python
	@./scripts/fuzz_api.sh $(BIN)

screenshots: build ## Take the pictures of docs/screenshots with Chromium (needs e2e/)
	@test -d e2e || { echo "there is no e2e/ directory here"; exit 1; }
	cd e2e && npm ci --no-audit --no-fund && npm run screenshots

budgets: build ## Weight, requests and times of every page and of the phone, as in docs/pages.md (needs e2e/)
	cd e2e && npm ci --silent --no-audit --no-fund && export DOORKNOCK_BIN=../$(BIN) && npm run --silent budgets && node phone_budgets.mjs

vendor: install-deps ## Fetch the browser libraries again that stand in web/vendor
	@./scripts/vendor.sh

clean: ## Remove what was built; data directories stay
	$(CARGO) clean
	rm -rf e2e/node_modules
