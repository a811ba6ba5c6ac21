package payload_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/payload"
)

func nested(open string, depth int, inner, shut string) string {
	return strings.Repeat(open, depth) + inner + strings.Repeat(shut, depth)
}

func TestCheckAccepts(t *testing.T) {
	var sixtyFour strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&sixtyFour, `,"k%d":%d`, i, i)
	}
	for name, text := range map[string]string{
		"null":                     `null`,
		"true":                     `true`,
		"false":                    `false`,
		"string":                   `"s"`,
		"empty string":             `""`,
		"number":                   `-0.5e-3`,
		"minus nought":             `-0`,
		"empty object":             `{ }`,
		"empty array":              "[\n]",
		"space around":             " \t\r\n{\"a\" : [ 1 , 2 ] , \"b\":null}\n ",
		"depth 64":                 nested("[", 64, "", "]"),
		"depth 64 of both":         nested(`[{"a":`, 32, "1", "}]"),
		"key of 256 bytes":         `{"` + strings.Repeat("k", 256) + `":1}`,
		"key of 256 bytes escaped": `{"` + strings.Repeat(`\u0061`, 256) + `":1}`,
		"empty key":                `{"":1}`,
		"same key elsewhere":       `{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":1}}`,
		"keys alike":               `{"a":1,"A":2,"á":3,"a\u0301":4,"a ":5,"aa":6}`,
		"many keys":                `{"first":0` + sixtyFour.String() + `}`,
		"digits 64":                strings.Repeat("9", 64),
		"digits 64 with point":     "-" + strings.Repeat("9", 32) + "." + strings.Repeat("9", 32),
		"over 2^53":                `9007199254740993`,
		"exponent 308":             `1e308`,
		"exponent -308":            `1E-308`,
		"exponent 308, noughts":    `1e+000000000000000000000308`,
		"nought, any magnitude":    `0.000e308`,
		"point moved to 308":       `0.01e308`,
		"every escape":             `"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"`,
		"escapes at the edges":     `"\ud7ff\ue000\uffff\udbff\udfff\ud800\udc00\u0001"`,
		"UTF-8 at the edges":       "\"\u007f\u0080\u07ff\u0800\ud7ff\ue000\ufffd\uffff\U00010000\U0010ffff\"",
		"U+2028 and others":        "\"\u2028\u2029<>&\ufeff\"",
		"escaped backslash and u":  `"\\u0000\\ud800"`,
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, payload.Check([]byte(text), payload.DefaultLimits()))
			require.True(t, json.Valid([]byte(text)))
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	type expected struct {
		text    string
		kind    payload.Kind
		pointer string
	}
	k257 := strings.Repeat("k", 257)
	cut := strings.Repeat("k", 64) + "…"
	seventeen := `"a":0,"b":0,"c":0,"d":0,"e":0,"f":0,"g":0,"h":0,"i":0,"j":0,"k":0,"l":0,"m":0,"n":0,"o":0,"p":0`
	for name, c := range map[string]expected{
		"too large": {`"` + strings.Repeat("x", 256<<10) + `"`, payload.TooLarge, ""},

		"arrays too deep":        {nested("[", 65, "", "]"), payload.TooDeep, strings.Repeat("/0", 32) + "/…"},
		"objects too deep":       {nested(`{"a":`, 65, "1", "}"), payload.TooDeep, strings.Repeat("/a", 32) + "/…"},
		"too deep, never closed": {nested("[", 100_000, "", ""), payload.TooDeep, strings.Repeat("/0", 32) + "/…"},
		"too deep, second":       {`[1,{"b":` + nested("[", 63, "", "]") + `}]`, payload.TooDeep, "/1/b" + strings.Repeat("/0", 30) + "/…"},

		"exponent 131000":             {`{"n":1e131000}`, payload.BadNumber, "/n"},
		"exponent 10000000":           {`[1e10000000]`, payload.BadNumber, "/0"},
		"exponent 309 with noughts":   {`1E+00000000000000000000309`, payload.BadNumber, ""},
		"exponent -309":               {`1e-309`, payload.BadNumber, ""},
		"exponent of nought":          {`0e309`, payload.BadNumber, ""},
		"exponent past 64 bits":       {`1e18446744073709551617`, payload.BadNumber, ""},
		"exponent past 64 bits, down": {`1e-18446744073709551616`, payload.BadNumber, ""},
		"exponent of 100k digits":     {`{"a":[0,1e` + strings.Repeat("9", 100_000) + `]}`, payload.BadNumber, "/a/1"},
		"ten at 308":                  {`10e308`, payload.BadNumber, ""},
		"digits and exponent":         {strings.Repeat("9", 64) + "e300", payload.BadNumber, ""},
		"tenth at -308":               {`-0.1e-308`, payload.BadNumber, ""},
		"noughts and exponent":        {`0.` + strings.Repeat("0", 50) + "1e-300", payload.BadNumber, ""},
		"65 digits":                   {`{"a":` + strings.Repeat("1", 65) + `}`, payload.BadNumber, "/a"},
		"65 digits with point":        {"0." + strings.Repeat("1", 64), payload.BadNumber, ""},
		"65 noughts":                  {"0." + strings.Repeat("0", 64), payload.BadNumber, ""},
		"100k digits":                 {strings.Repeat("7", 100_000), payload.BadNumber, ""},

		"duplicate":                   {`{"a":1,"a":2}`, payload.DuplicateKey, "/a"},
		"duplicate, empty":            {`{"":1,"":2}`, payload.DuplicateKey, "/"},
		"duplicate inside":            {`{"x":[0,{"b":{"c":1,"d":2,"c":3}}]}`, payload.DuplicateKey, "/x/1/b/c"},
		"duplicate after inner":       {`{"a":{"b":1},"b":{"b":2},"a":3}`, payload.DuplicateKey, "/a"},
		"duplicate escaped":           {`{"a":1,"\u0061":2}`, payload.DuplicateKey, "/a"},
		"duplicate escaped before":    {`{"\u0061":1,"a":2}`, payload.DuplicateKey, "/a"},
		"duplicate escaped twice":     {`{"\u00e9\n":1,"\u00E9\u000A":2}`, payload.DuplicateKey, "/é�"},
		"duplicate escaped slash":     {`{"/":1,"\/":2}`, payload.DuplicateKey, "/~1"},
		"duplicate escaped pair":      {`{"😀":1,"\ud83d\ude00":2}`, payload.DuplicateKey, "/😀"},
		"duplicate, sixteenth":        {`{` + strings.Replace(seventeen, `"p"`, `"a"`, 1) + `}`, payload.DuplicateKey, "/a"},
		"duplicate, seventeenth":      {`{` + seventeen + `,"p":1}`, payload.DuplicateKey, "/p"},
		"duplicate, eighteenth":       {`{` + seventeen + `,"q":1,"q":1}`, payload.DuplicateKey, "/q"},
		"duplicate, 17th, escaped":    {`{` + seventeen + `,"\u0061":1}`, payload.DuplicateKey, "/a"},
		"duplicate in second of many": {`[{` + seventeen + `,"q":1},{` + seventeen + `,"r":1,"r":2}]`, payload.DuplicateKey, "/1/r"},
		"duplicate of 20k keys":       {string(manyKeys(200_000, `,"%d":0`)), payload.DuplicateKey, "/first"},

		"long key":             {`{"a":[{"` + k257 + `":1}]}`, payload.LongKey, "/a/0/" + cut},
		"long key, characters": {`{"` + strings.Repeat("é", 129) + `":1}`, payload.LongKey, "/" + strings.Repeat("é", 32) + "…"},
		"long key, escapes":    {`{"` + strings.Repeat(`\u00e9`, 129) + `":1}`, payload.LongKey, "/" + strings.Repeat("é", 32) + "…"},

		"NUL escaped":            {`{"a":"x\u0000"}`, payload.BadString, "/a"},
		"NUL escaped in key":     {`{"a":{"\u0000":1}}`, payload.BadString, "/a"},
		"NUL raw":                {"[1,\"x\x00\"]", payload.BadString, "/1"},
		"NUL outside":            {"[1,\x002]", payload.Malformed, "/1"},
		"NUL after":              {"[]\x00", payload.Malformed, ""},
		"control raw":            {"\"a\x1fb\"", payload.BadString, ""},
		"newline raw":            {"{\"a\":\"b\nc\"}", payload.BadString, "/a"},
		"lone high":              {`{"a":"\ud800"}`, payload.BadString, "/a"},
		"lone low":               {`{"a":"\udc00"}`, payload.BadString, "/a"},
		"inverted pair":          {`["\ude00\ud83d"]`, payload.BadString, "/0"},
		"high and character":     {`["\ud83dx"]`, payload.BadString, "/0"},
		"high and escape":        {`["\ud83d\n"]`, payload.BadString, "/0"},
		"high and other \\u":     {`["\ud83d\u0041"]`, payload.BadString, "/0"},
		"high and high":          {`["\ud83d\ud83d\ude00"]`, payload.BadString, "/0"},
		"lone high in key":       {`[{"\ud800":1}]`, payload.BadString, "/0"},
		"UTF-8 lone tail":        {"\"\x80\"", payload.BadString, ""},
		"UTF-8 tail missing":     {"\"\xc3\"", payload.BadString, ""},
		"UTF-8 tail missing 3":   {"[\"\xe2\x82\"]", payload.BadString, "/0"},
		"UTF-8 tail missing 4":   {"[\"\xf0\x9f\x98\"]", payload.BadString, "/0"},
		"UTF-8 tail is ASCII":    {"\"\xc3(\"", payload.BadString, ""},
		"UTF-8 overlong 2":       {"\"\xc0\xaf\"", payload.BadString, ""},
		"UTF-8 overlong NUL":     {"\"\xc0\x80\"", payload.BadString, ""},
		"UTF-8 overlong quote":   {"\"\xc0\xa2\"", payload.BadString, ""},
		"UTF-8 overlong C1":      {"\"\xc1\xbf\"", payload.BadString, ""},
		"UTF-8 overlong 3":       {"\"\xe0\x80\xaf\"", payload.BadString, ""},
		"UTF-8 overlong 4":       {"\"\xf0\x80\x80\xaf\"", payload.BadString, ""},
		"UTF-8 five bytes":       {"\"\xf8\x88\x80\x80\x80\"", payload.BadString, ""},
		"UTF-8 six bytes":        {"\"\xfc\x84\x80\x80\x80\x80\"", payload.BadString, ""},
		"UTF-8 past U+10FFFF":    {"\"\xf4\x90\x80\x80\"", payload.BadString, ""},
		"UTF-8 F5":               {"\"\xf5\x80\x80\x80\"", payload.BadString, ""},
		"UTF-8 FE FF":            {"\"\xfe\xff\"", payload.BadString, ""},
		"UTF-8 surrogate":        {"\"\xed\xa0\x80\"", payload.BadString, ""},
		"UTF-8 surrogate pair":   {"\"\xed\xa0\xbd\xed\xb8\x80\"", payload.BadString, ""},
		"UTF-8 bad in key":       {"{\"a\":{\"\xff\":1}}", payload.BadString, "/a"},
		"UTF-8 cut at the end":   {"\"\xe2\x82", payload.BadString, ""},
		"UTF-8 bad outside":      {"[\xff]", payload.Malformed, "/0"},
		"BOM":                    {"\ufeff{}", payload.Malformed, ""},
		"BOM after space":        {" \ufeff{}", payload.Malformed, ""},
		"UTF-16":                 {"{\x00}\x00", payload.Malformed, ""},
		"UTF-16 with BOM":        {"\xff\xfe{\x00}\x00", payload.Malformed, ""},
		"no-break space":         {"\u00a0{}", payload.Malformed, ""},
		"form feed":              {"\f{}", payload.Malformed, ""},
		"separator U+2028":       {"{}\u2028", payload.Malformed, ""},
		"empty":                  {``, payload.Malformed, ""},
		"space only":             {" \n", payload.Malformed, ""},
		"trailing value":         {`{} {}`, payload.Malformed, ""},
		"trailing bracket":       {`[]]`, payload.Malformed, ""},
		"trailing word":          {`truex`, payload.Malformed, ""},
		"trailing comma":         {`{},`, payload.Malformed, ""},
		"comma before ]":         {`{"a":[1,]}`, payload.Malformed, "/a/1"},
		"comma before }":         {`[{"a":1,}]`, payload.Malformed, "/0"},
		"comma first":            {`[,1]`, payload.Malformed, "/0"},
		"comma first, object":    {`{,"a":1}`, payload.Malformed, ""},
		"two commas":             {`[1,,2]`, payload.Malformed, "/1"},
		"no comma":               {`[1 2]`, payload.Malformed, ""},
		"no comma, object":       {`{"a":{"b":1 "c":2}}`, payload.Malformed, "/a"},
		"no colon":               {`{"a" 1}`, payload.Malformed, "/a"},
		"comma for colon":        {`{"a",1}`, payload.Malformed, "/a"},
		"no value":               {`{"a":}`, payload.Malformed, "/a"},
		"colon in array":         {`["a":1]`, payload.Malformed, ""},
		"closed by the other":    {`[1}`, payload.Malformed, ""},
		"closed by the other 2":  {`{"a":1]`, payload.Malformed, ""},
		"closed at once by ]":    {`{]`, payload.Malformed, ""},
		"closed at once by }":    {`[}`, payload.Malformed, "/0"},
		"key is a number":        {`{1:2}`, payload.Malformed, ""},
		"key is bare":            {`{a:2}`, payload.Malformed, ""},
		"key is null":            {`{null:2}`, payload.Malformed, ""},
		"key is single-quoted":   {`{'a':2}`, payload.Malformed, ""},
		"single quotes":          {`'a'`, payload.Malformed, ""},
		"line comment":           {"[1, // one\n2]", payload.Malformed, "/1"},
		"block comment":          {`{"a":/* one */1}`, payload.Malformed, "/a"},
		"hash comment":           {"# one\n1", payload.Malformed, ""},
		"NaN":                    {`{"a":NaN}`, payload.Malformed, "/a"},
		"Infinity":               {`Infinity`, payload.Malformed, ""},
		"-Infinity":              {`[-Infinity]`, payload.Malformed, "/0"},
		"undefined":              {`undefined`, payload.Malformed, ""},
		"True":                   {`True`, payload.Malformed, ""},
		"nul":                    {`nul`, payload.Malformed, ""},
		"nulL":                   {`[nulL]`, payload.Malformed, "/0"},
		"leading nought":         {`{"a":01}`, payload.Malformed, "/a"},
		"leading noughts":        {`-00`, payload.Malformed, ""},
		"minus":                  {`-`, payload.Malformed, ""},
		"minus minus":            {`--1`, payload.Malformed, ""},
		"plus":                   {`+1`, payload.Malformed, ""},
		"point last":             {`1.`, payload.Malformed, ""},
		"point last in array":    {`[1.]`, payload.Malformed, "/0"},
		"point first":            {`.5`, payload.Malformed, ""},
		"point after minus":      {`-.5`, payload.Malformed, ""},
		"two points":             {`1.2.3`, payload.Malformed, ""},
		"exponent empty":         {`1e`, payload.Malformed, ""},
		"exponent sign only":     {`1e+`, payload.Malformed, ""},
		"exponent with point":    {`1e1.5`, payload.Malformed, ""},
		"exponent after point":   {`1.e1`, payload.Malformed, ""},
		"exponent of two signs":  {`1e+-1`, payload.Malformed, ""},
		"hexadecimal":            {`0x1F`, payload.Malformed, ""},
		"underscore":             {`1_000`, payload.Malformed, ""},
		"escape unknown":         {`["\x41"]`, payload.Malformed, "/0"},
		"escape of quote":        {`"\'"`, payload.Malformed, ""},
		"escape U":               {`"\U0041"`, payload.Malformed, ""},
		"escape \\u short":       {`"\u004"`, payload.Malformed, ""},
		"escape \\u of letters":  {`"\u00g0"`, payload.Malformed, ""},
		"escape \\u with sign":   {`"\u+041"`, payload.Malformed, ""},
		"pair's second short":    {`"\ud83d\ude0"`, payload.Malformed, ""},
		"pair's second cut":      {`"\ud83d\u`, payload.Malformed, ""},
		"cut after high":         {`"\ud83d`, payload.Malformed, ""},
		"cut after high and \\":  {`"\ud83d\`, payload.Malformed, ""},
		"cut in array":           {`[1,[2`, payload.Malformed, "/1"},
		"cut after comma":        {`[1,`, payload.Malformed, "/1"},
		"cut in key":             {`{"a":{"b`, payload.Malformed, "/a"},
		"cut after key":          {`{"a":{"b"`, payload.Malformed, "/a/b"},
		"cut after colon":        {`{"a":{"b":`, payload.Malformed, "/a/b"},
		"cut after member":       {`{"a":{"b":1`, payload.Malformed, "/a"},
		"cut after comma, } due": {`{"a":{"b":1,`, payload.Malformed, "/a"},
		"cut after {":            {`{`, payload.Malformed, ""},
		"cut in escape":          {`"\`, payload.Malformed, ""},

		"pointer escapes":       {`{"a/b~c":{"\u200b\u202e\"":x}}`, payload.Malformed, `/a~1b~0c/��"`},
		"pointer cuts a rune":   {`{"` + strings.Repeat("k", 63) + `é":x}`, payload.Malformed, "/" + strings.Repeat("k", 63) + "…"},
		"pointer keeps its 64":  {`{"` + strings.Repeat("k", 64) + `":x}`, payload.Malformed, "/" + strings.Repeat("k", 64)},
		"pointer of second key": {`{"a":{"x":1},"b":[{"c":1},{"d":[x]}]}`, payload.Malformed, "/b/1/d/0"},
	} {
		t.Run(name, func(t *testing.T) {
			err := payload.Check([]byte(c.text), payload.DefaultLimits())
			var fault *payload.Error
			require.ErrorAs(t, err, &fault)
			require.Equal(t, c.kind.String(), fault.Kind.String())
			require.Equal(t, c.pointer, fault.Pointer)
			requireSound(t, []byte(c.text), fault)
		})
	}
}

// requireSound holds every refusal to what is promised of one.
func requireSound(t require.TestingT, raw []byte, fault *payload.Error) {
	require.NotEmpty(t, fault.Reason)
	require.LessOrEqual(t, len(fault.Reason), 120)
	require.GreaterOrEqual(t, fault.Offset, 0)
	require.LessOrEqual(t, fault.Offset, len(raw))
	require.LessOrEqual(t, len(fault.Pointer), 8<<10)
	require.True(t, utf8.ValidString(fault.Pointer))
	for _, r := range fault.Pointer {
		require.True(t, unicode.IsPrint(r))
	}
	where := fault.Pointer
	if where == "" {
		where = "the JSON"
	}
	require.Equal(t, where+": "+fault.Reason, fault.Error())
}

func TestCheckRefusesWhateverIsCutShort(t *testing.T) {
	text := []byte(`{"a":[1.5e+3,{"\u00e9":"\ud83d\ude00\n"}],"b":{"c":true,"d":[null,false]},"é😀":"é😀"}`)
	require.NoError(t, payload.Check(text, payload.DefaultLimits()))
	for n := range text {
		require.Error(t, payload.Check(text[:n], payload.DefaultLimits()), "%s", text[:n])
	}
}

func TestErrorHoldsNoValue(t *testing.T) {
	for _, text := range []string{
		`{"a":"secret`, `{"a":"secret\u0000"}`, `{"a":secret}`, `{"a":"secret" secret`, `["secret","secret\x"]`,
		`{"a":"secret"}secret`, `{"a":"secret","a":"secret"}`,
	} {
		err := payload.Check([]byte(text), payload.DefaultLimits())
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestOffsetIsWhereTheFaultIs(t *testing.T) {
	for text, at := range map[string]int{
		`{"a":1,"b":2,"a":3}`: 13,
		`[1,2,x]`:             5,
		`[1,22e999]`:          3,
		"[\"ab\xff\"]":        4,
		`"ab\u0000"`:          3,
		`[[]`:                 3,
		`{} x`:                3,
	} {
		var fault *payload.Error
		require.ErrorAs(t, payload.Check([]byte(text), payload.DefaultLimits()), &fault)
		require.Equal(t, at, fault.Offset, text)
	}
}

func TestLimitsHoldAtTheirEdges(t *testing.T) {
	small := payload.Limits{MaxBytes: 20, MaxDepth: 2, MaxKeyBytes: 3, MaxNumberDigits: 4, MaxExponent: 5}
	for text, refused := range map[string]payload.Kind{
		`"123456789012345678"`: -1, `"1234567890123456789"`: payload.TooLarge,
		`[[]]`: -1, `[[[]]]`: payload.TooDeep,
		`{"abc":1}`: -1, `{"abcd":1}`: payload.LongKey,
		`12.34`: -1, `12.345`: payload.BadNumber,
		`1e5`: -1, `1e6`: payload.BadNumber, `1e-5`: -1, `1e-6`: payload.BadNumber,
		`100e3`: -1, `100e4`: payload.BadNumber, `0.01e-3`: -1, `0.01e-4`: payload.BadNumber, `0.01e5`: -1, `0.01e6`: payload.BadNumber,
	} {
		err := payload.Check([]byte(text), small)
		if refused < 0 {
			require.NoError(t, err, text)
			continue
		}
		var fault *payload.Error
		require.ErrorAs(t, err, &fault, text)
		require.Equal(t, refused, fault.Kind, text)
	}
	for _, nothing := range []payload.Limits{{}, {MaxBytes: -1, MaxDepth: -1, MaxKeyBytes: -1, MaxNumberDigits: -1, MaxExponent: -1}} {
		var fault *payload.Error
		require.ErrorAs(t, payload.Check([]byte("0"), nothing), &fault)
		require.Equal(t, payload.TooLarge, fault.Kind)
	}
}

func TestDepthIsSafeWhateverTheLimit(t *testing.T) {
	limits := raised
	limits.MaxDepth = hostileBytes
	for _, depth := range []int{10_000, hostileBytes / 8} {
		require.NoError(t, payload.Check([]byte(nested("[", depth, "", "]")), limits))
		require.NoError(t, payload.Check([]byte(nested(`{"":`, depth, "0", "}")), limits))
		require.Error(t, payload.Check([]byte(nested(`[`, depth, "0", "}")), limits))
	}
}

func TestUsualTextsCostNoMemory(t *testing.T) {
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if err := payload.Check(sample, payload.DefaultLimits()); err != nil {
			panic(err)
		}
	}))
}

func TestKindNamesItself(t *testing.T) {
	require.Equal(t, "malformed", payload.Malformed.String())
	require.Equal(t, "bad number", payload.BadNumber.String())
	require.Equal(t, "unknown", payload.Kind(-1).String())
	require.Equal(t, "unknown", payload.Kind(99).String())
}
