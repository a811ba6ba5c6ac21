package catalogue

import _ "embed"

//go:embed catalogue.schema.json
var fileSchema []byte

// FileSchema is the JSON Schema (draft-07) of the file that Parse reads, as editors
// take it: a file points to it with "# yaml-language-server: $schema=".
func FileSchema() []byte { return fileSchema }
