# make help lists the targets.

GO             ?= go
BIN            := $(CURDIR)/bin
GOLANGCI       := v2.15.0
DEPS           := $(BIN)/signalbox-dev deps --ephemeral --postgres-port 0 --temporal-port 0 --no-ui --
GO_FILES       := $(shell find cmd graph internal migrations client -name '*.go' -o -name '*.sql' -o -name '*.yaml' -o -name '*.graphqls' -o -name '*.gz' 2>/dev/null)

export SIGNALBOX_TEST_DEV_BINARY := $(BIN)/signalbox-dev

.PHONY: help dev build test race lint verify bench generate crash browser

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: $(BIN)/signalbox-dev ## Run Signalbox with an embedded Postgres, Temporal and a demo worker.
	@$(BIN)/signalbox-dev run

build: $(BIN)/signalbox $(BIN)/signalbox-dev $(BIN)/signalbox-bench ## Build every binary into bin/.

$(BIN)/signalbox: go.mod go.sum $(GO_FILES)
	$(GO) build -o $@ ./cmd/signalbox

$(BIN)/signalbox-bench: go.mod go.sum $(GO_FILES)
	$(GO) build -o $@ ./cmd/signalbox-bench

$(BIN)/signalbox-dev: go.mod go.sum cmd/signalbox-dev/go.mod $(GO_FILES)
	@test -x $@ || echo "building Temporal's server into bin/signalbox-dev: some minutes, once"
	cd cmd/signalbox-dev && $(GO) build -o $@ .

test: $(BIN)/signalbox-dev ## Run the unit, integration and end-to-end tests.
	$(DEPS) sh -c '$(GO) test -timeout 30m -p 1 ./... && $(GO) test -timeout 30m -p 1 -tags wallonly -run "Wall|Tenant|Another" ./internal/postgres ./internal/app'
	cd cmd/signalbox-dev && $(GO) test ./...

race: $(BIN)/signalbox-dev ## Run the root module's tests under the race detector.
	$(DEPS) $(GO) test -race -timeout 30m -p 1 ./...

crash: $(BIN)/signalbox-dev ## The crash and fault tests in their long form: 50 rounds a crash point, an hour or more.
	SIGNALBOX_CRASH_ROUNDS=50 $(DEPS) $(GO) test -count=1 -v -timeout 120m ./internal/crashtest

browser: $(BIN)/signalbox-dev ## Use the playground in headless Chromium; needs Node and chromium.
	cd web/playground && npm ci --silent && npm test
	sh web/playground/test/with-server.sh $(BIN)/signalbox-dev npm --prefix web/playground run test:browser

lint: $(BIN)/golangci-lint ## Check style and the fences between packages.
	$(BIN)/golangci-lint run --allow-parallel-runners ./...
	cd cmd/signalbox-dev && $(BIN)/golangci-lint run --allow-parallel-runners ./...

$(BIN)/golangci-lint:
	GOBIN=$(BIN) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)

generate: ## Write generated code anew, and the playground's assets where Node is there.
	$(GO) tool gqlgen generate
	@if command -v npm >/dev/null; then cd web/playground && npm ci --silent && npm run build; \
	else echo "Node is not there: the playground's assets stay as they are"; fi

verify: generate ## Generate, tidy, and fail if that changes anything.
	$(GO) mod tidy
	cd cmd/signalbox-dev && $(GO) mod tidy
	@git diff --exit-code --stat -- go.mod go.sum cmd/signalbox-dev/go.mod cmd/signalbox-dev/go.sum graph internal/dashboard \
	  || { echo "make verify: what is committed is not what make generate and go mod tidy write"; exit 1; }
	@test -z "$$(git ls-files --others --exclude-standard -- graph internal/dashboard)" \
	  || { echo "make verify: generated files are not committed"; exit 1; }

bench: build ## Measure Signalbox beside raw Postgres and raw Temporal, in one run.
	$(BIN)/signalbox-bench
