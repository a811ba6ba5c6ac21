package routing

import _ "cel.dev/cel-go/cel"
