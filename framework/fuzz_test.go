package dram_test

import (
	"net/url"
	"strings"
	"testing"

	dram "github.com/dram-go/dram/framework"
)

// FuzzEvent reads an event as browsers do (HTML standard section 9.2.6).
func FuzzEvent(f *testing.F) {
	f.Add("changed", "board", "7")
	f.Add("", "a\r\nb\rc\n", "")
	f.Add("x\ndata: y", "", "1\x00")
	f.Fuzz(func(t *testing.T, name, data, id string) {
		text, err := dram.EncodeEvent(dram.Event{Name: name, Data: data, ID: id})
		if err != nil {
			if !strings.ContainsAny(name+id, "\r\n\x00") {
				t.Errorf("refused: %v", err)
			}
			return
		}
		if !strings.HasSuffix(text, "\n\n") || strings.Contains(strings.TrimSuffix(text, "\n\n"), "\n\n") {
			t.Fatalf("not one event: %q", text)
		}
		got := map[string][]string{}
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n\n"), "\n") {
			field, value, _ := strings.Cut(line, ":")
			got[field] = append(got[field], strings.TrimPrefix(value, " "))
		}
		want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data)
		if strings.Join(got["data"], "\n") != want || strings.Join(got["event"], "") != name || strings.Join(got["id"], "") != id {
			t.Errorf("%q became %v", []string{name, data, id}, got)
		}
	})
}

// FuzzBelow takes a path apart: nothing is lost, and no segment is hidden.
func FuzzBelow(f *testing.F) {
	f.Add("/shop/item/7", 1)
	f.Add("/shop%2Fitem/%37", 1)
	f.Add("/", 0)
	f.Add("//a//", 3)
	f.Fuzz(func(t *testing.T, path string, depth int) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" || u.Path == "" || depth < 0 || depth > 10 {
			return
		}
		head, inner, ok := dram.Below(u, depth)
		if !ok {
			return
		}
		if !strings.HasPrefix(inner.Path, "/") {
			t.Fatalf("%q below %d begins without a slash: %q", path, depth, inner.Path)
		}
		whole := head + inner.EscapedPath()
		if whole != u.EscapedPath() && whole != u.EscapedPath()+"/" {
			t.Errorf("%q became %q and %q", path, head, inner.EscapedPath())
		}
	})
}
