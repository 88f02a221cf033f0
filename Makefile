# Every recipe works from a fresh clone; what is missing is installed or named. `make` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check fmt clippy doc deny conformance examples bench clean-debian13

TARGET := $(or $(CARGO_TARGET_DIR),target)
# What the programs print is part of the contract, so the caller's language must not change it.
export LC_ALL := C.UTF-8

help: ## Lists the targets.
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 24
	@echo '  ARGS="…" is handed on; DEBIAN=13 adds the Debian 13 peers to test and conformance'

demo: ## Installs what is missing, builds, and serves a sample data set until Ctrl-C.
	.ci/packages install demo
	cargo build --locked --profile fast
	@exec $(TARGET)/fast/postcote demo $(ARGS)

test: ## Installs what is missing and runs every test, against the real Postfix, too.
	.ci/packages install test
	$(WITH_DEBIAN13) cargo test --locked $(ARGS)

check: fmt clippy doc deny ## Checks formatting, lints, documentation and dependencies.

fmt: ## Checks the formatting.
	cargo fmt --check

clippy: ## Runs the lints, warnings are errors.
	cargo clippy --locked --all-targets -- -D warnings

doc: ## Builds the documentation, warnings are errors.
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items

deny: ## Checks licences, sources and advisories of the dependencies.
	.ci/deny

conformance: ## Runs only the tests against the real peers.
	.ci/packages install test
	$(WITH_DEBIAN13) cargo test --locked --test protocol conformance:: $(ARGS)

examples: ## Runs only the tests of conf-examples.
	cargo test --locked --test protocol examples $(ARGS)

bench: ## Measures lookups per second against a bare responder and Postfix's own pgsql tables.
	.ci/packages install test
	cargo bench --locked --bench load -- $(ARGS)

clean-debian13: ## Removes the cached Debian 13 root.
	.ci/debian13 remove

# The tests look for this variable; unset means that only this machine's Postfix is asked.
WITH_DEBIAN13 = if [ "$${DEBIAN:-}" = 13 ]; then \
	  POSTCOTE_DEBIAN13_ROOT=$$(.ci/debian13 make); export POSTCOTE_DEBIAN13_ROOT; fi;
