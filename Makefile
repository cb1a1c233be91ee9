# build, test and the rest; `make test` is what a change has to pass.

GO ?= go
# The tools live in a module of their own, so that no app inherits them.
STATICCHECK = $$($(GO) tool -n -modfile=tools.mod staticcheck)

.PHONY: build test deps sqlite lint fmt bench benchmarks chaos slow clean

build: sqlite
	$(GO) build -o bin/dram ./cmd/dram

# deps installs what the suite needs beside Go (as root on Debian), or names it.
deps:
	@.ci/deps

# sqlite says why the first build takes so long.
sqlite:
	@echo "Compiling SQLite (the first time up to a minute)" >&2
	@$(GO) build github.com/mattn/go-sqlite3

lint:
	@unformatted=$$(gofmt -l cmd devserver framework runner sample-app static templates); \
	if [ -n "$$unformatted" ]; then echo "Not formatted (run make fmt):" >&2; echo "$$unformatted" >&2; exit 1; fi
	$(GO) vet ./...
	$(STATICCHECK) ./...

fmt:
	gofmt -w cmd devserver framework runner sample-app static templates

# A process that the race detector watches sleeps for a second before it ends,
# unless it is told not to; the tests start hundreds.
test: deps sqlite lint
	GORACE=atexit_sleep_ms=0 $(GO) test -race -timeout 15m ./...
	cd cmd/peerbench && $(GO) vet ./... && $(GO) test ./...
	cd runner/metrics/promlint && $(GO) vet ./... && $(GO) test ./...

# bench compares with other servers and frameworks, which are fetched for it,
# and writes the table that the README shows. benchmarks runs those of all
# packages, without their tests.
bench: sqlite
	cd cmd/peerbench && $(GO) test ./... && $(GO) run . router && $(GO) run . template && \
		$(GO) run . chain --readme ../../README.md

benchmarks: sqlite
	$(GO) test -run '^$$' -bench . -benchmem ./...

# chaos does to whole trees of processes what happens to servers, for longer
# than make test does, and prints a table. SEED repeats a run that failed, RUN
# (a pattern of test names) takes a part of it.
SEED ?= 0
RUN ?= .
chaos: sqlite
	$(GO) test -timeout 3h -count 1 -v -run '$(RUN)' ./runner/chaos -args -chaos.long -chaos.table -chaos.seed $(SEED)

# slow attacks the sample app with slowhttptest (apt-get install slowhttptest) and
# shows what other clients notice.
slow: sqlite
	@.ci/slow

clean:
	rm -rf bin
