package view_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/dram-go/dram/framework/view"
)

func TestFuncs(t *testing.T) {
	tests := []struct{ source, want string }{
		{`{{add 1 2}} {{sub .N 3}} {{.N | add 1}}`, "3 4 8"},
		{`{{range seq 2 4}}{{.}}{{end}}|{{range seq 3 1}}x{{end}}`, "234|"},
		{`{{with dict "a" 1 "b" "x"}}{{.a}}{{.b}}{{end}}`, "1x"},
		{`{{range list 1 "a"}}{{.}},{{end}}`, "1,a,"},
		{`{{default "none" .Empty}} {{.N | default 1}}`, "none 7"},
		{`{{number 1234567}} {{number -1234}} {{number 999}} {{number 0}}`, "1,234,567 -1,234 999 0"},
		{`{{truncate 3 "가나다라"}} {{truncate 4 "가나다라"}} {{truncate 2 "a b"}}`, "가나다… 가나다라 a…"},
		{`{{nl2br .Text}}`, "a&lt;b<br>\nc<br>\nd"},
		{`<i data-v="{{json .Map}}"></i>`, `<i data-v="{&#34;k&#34;:&#34;\u003c/script\u003e&#34;}"></i>`},
		{`<script>x = {{json .Map}}</script>`, `<script>x = {"k":"\u003c/script\u003e"}</script>`},
		{`{{safe "<b>"}}`, "<b>"},
	}
	data := map[string]any{"N": 7, "Empty": "", "Text": "a<b\r\nc\nd", "Map": map[string]string{"k": "</script>"}}
	for _, tt := range tests {
		s := view.New(view.Options{FS: files("p.html", "{{/* layout: none */}}"+tt.source)})
		if got := render(t, s, "p.html", data, nil); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.source, got, tt.want)
		}
	}
}

func TestFuncsRefuse(t *testing.T) {
	for source, want := range map[string]string{
		`{{add 1 "2"}}`:       "expected an integer, got string",
		`{{seq 1 100000000}}`: "is longer than 10000",
		`{{dict "a"}}`:        "pairs",
		`{{dict 1 2}}`:        "needs a string as key 1",
		`{{number "x"}}`:      "expected an integer",
	} {
		s := view.New(view.Options{FS: files("p.html", "{{/* layout: none */}}"+source)})
		err := s.Render(new(bytes.Buffer), "p.html", nil, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
}
