package demo

import _ "embed"

// Catalogue is the file of event types and rules that the demo's workflows are
// for, as `signalbox apply` reads it (P-20).
//
//go:embed catalogue.yaml
var Catalogue []byte
