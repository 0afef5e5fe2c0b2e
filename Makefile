# Netsim needs nothing but Go: no C compiler, no cluster, no root.
export CGO_ENABLED := 0

GO         ?= go
FUZZTIME   ?= 30s
BENCH      ?= .
BENCHFLAGS ?= -short
BENCHSTAT  ?= golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
COUNT      ?= 1
PLATFORMS  ?= linux/amd64 linux/arm64 darwin/arm64 windows/amd64

.PHONY: build test race library beam lint fmt-check vet tidy-check bench fuzz scenarios conformance lab lab-apiserver cross

# The command, in bin/.
build:
	$(GO) build -trimpath -o bin/ ./cmd/netsim

test:
	$(GO) test -timeout 20m ./...

# What goroutines share, under Go's race detector. It alone needs a C compiler.
race:
	CGO_ENABLED=1 $(GO) test -race -timeout 30m -run 'AtOnce|AsIfAlone' ./sim ./engine

# netsim as another module imports it.
library:
	cd examples/library && $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) test ./...

# netsim replay as a pipeline of Apache Beam: contrib/beam/README.md. The first run
# compiles Beam, and Cilium once more, with the versions that both can use.
beam:
	cd contrib/beam && $(GO) mod tidy -diff && $(GO) vet ./... && $(GO) test ./...

# golangci-lint knows more than what Go brings along; without it, go vet, gofmt
# and the rules in internal/repo still hold.
lint: fmt-check vet
	@if command -v golangci-lint >/dev/null 2>&1; then \
		golangci-lint run; \
	else \
		echo "lint: no golangci-lint here, so only gofmt, go vet and internal/repo"; \
	fi
	$(GO) test -count=1 ./internal/repo

fmt-check:
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on:"; echo "$$unformatted"; exit 1; fi

vet:
	$(GO) vet ./...

tidy-check:
	$(GO) mod tidy -diff

# A table of the benchmarks that BENCH picks, each run COUNT times. The largest
# clusters take minutes and gigabytes: BENCHFLAGS= measures them too. To compare
# two commits, keep bin/bench.txt of each and give both to benchstat.
bench:
	@mkdir -p bin
	$(GO) test -run '^$$' -bench '$(value BENCH)' -benchmem -count $(COUNT) -timeout 3h $(BENCHFLAGS) ./bench | tee bin/bench.txt
	@! grep -E '^(FAIL|---? FAIL)' bin/bench.txt
	@$(GO) run $(BENCHSTAT) bin/bench.txt || \
		echo "bench: benchstat could not be downloaded, so the figures are as above, and in bin/bench.txt"

# Each fuzz target for FUZZTIME: go test runs one at a time.
fuzz:
	@set -e; grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sort | while IFS=: read -r file target; do \
		echo "fuzz: $${target#func } in $$(dirname "$$file") for $(FUZZTIME)"; \
		$(GO) test -run '^$$' -fuzz "^$${target#func }\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
	done

scenarios:
	$(GO) test -count=1 ./scenarios/...

# The Gateway API's own conformance cases against package gateway. Downloads them
# as a Go module.
conformance:
	$(GO) test -tags conformance -run Conformance -v ./gateway

# The real kube-proxy and the kernel against dnat: lab/kubeproxy/README.md. It
# needs Linux, and for real packets iptables and nftables.
lab:
	lab/kubeproxy/run

# netsim snapshot against a real kube-apiserver: lab/apiserver/README.md. The first
# build compiles Kubernetes.
lab-apiserver:
	cd lab/apiserver && $(GO) test -count=1 -timeout 30m -v .

# The command for every platform of a release, to nowhere.
cross:
	@set -e; for platform in $(PLATFORMS); do \
		echo "cross: $$platform"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build -o /dev/null ./cmd/netsim; \
	done
