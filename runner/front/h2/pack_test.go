package h2

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// TestPackerIsUnderstood by package hpack's decoder, whatever the fields are
// and however the client resizes the table.
func TestPackerIsUnderstood(t *testing.T) {
	names := []string{"content-type", "x-own", "date", "set-cookie", "x-request-id", "content-length", "cache-control", "x-other", "etag"}
	random := rand.New(rand.NewPCG(1, 2))
	p := newPacker()
	var got []string
	d := hpack.NewDecoder(4096, func(f hpack.HeaderField) {
		got = append(got, f.Name+"="+f.Value)
		if f.Sensitive != (f.Name == "set-cookie") {
			t.Fatalf("%v", f)
		}
	})
	for n := range 5000 {
		if n%50 == 49 {
			for range 1 + random.IntN(2) {
				p.resize([]uint32{0, 40, 100, 1000, 4096, 1 << 20}[random.IntN(6)])
			}
			d.SetAllowedMaxDynamicTableSize(4096)
		}
		status := []int{200, 204, 206, 304, 400, 404, 500, 201, 799}[random.IntN(9)]
		want := []string{fmt.Sprintf(":status=%d", status)}
		b := p.status(p.begin(nil), status)
		for range random.IntN(12) {
			name, value := names[random.IntN(len(names))], fmt.Sprint("value ", random.IntN(20))
			if random.IntN(20) == 0 {
				value = strings.Repeat("\x01long", random.IntN(400))
			}
			b = p.field(b, []byte(name), []byte(value))
			want = append(want, name+"="+value)
		}
		got = nil
		if _, err := d.Write(b); err != nil {
			t.Fatalf("block %d: %v", n, err)
		}
		if err := d.Close(); err != nil {
			t.Fatalf("block %d: %v", n, err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("block %d: %q, want %q", n, got, want)
		}
		if p.size > p.max {
			t.Fatalf("table of %d octets, limit %d", p.size, p.max)
		}
	}
}

// TestPackerNamesAreThoseOfTheTable: a wrong index would be another field.
func TestPackerNamesAreThoseOfTheTable(t *testing.T) {
	var got hpack.HeaderField
	d := hpack.NewDecoder(4096, func(f hpack.HeaderField) { got = f })
	known := 0
	for i := 15; i <= staticNames; i++ {
		d.Write(appendInteger(nil, 0x80, 7, i))
		d.Close()
		if at := staticIndex([]byte(got.Name)); at == i {
			known++
		} else if at != 0 {
			t.Errorf("%s is %d, not %d", got.Name, i, at)
		}
	}
	if known != 25 {
		t.Errorf("%d names", known)
	}
}

// TestPackerIsShort: what repeats costs one octet, what does not enters no
// table.
func TestPackerIsShort(t *testing.T) {
	p := newPacker()
	block := func(id string) []byte {
		b := p.status(p.begin(nil), 200)
		b = p.field(b, []byte("x-request-id"), []byte(id))
		b = p.field(b, []byte("content-type"), []byte("text/html; charset=utf-8"))
		b = p.field(b, []byte("date"), []byte("Sat, 21 Nov 2026 09:00:00 GMT"))
		return p.field(b, []byte("content-length"), []byte("5120"))
	}
	block("aaaaaaaaaaaa")
	before := len(p.entries)
	if b := block("bbbbbbbbbbbb"); len(b) > 30 || len(p.entries) != before {
		t.Errorf("%d octets, %d entries after %d", len(b), len(p.entries), before)
	}
	if n := testing.AllocsPerRun(100, func() { p.field(make([]byte, 0, 64), []byte("x-request-id"), []byte("cccccccccccc")) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
