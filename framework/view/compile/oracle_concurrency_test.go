package compile_test

import (
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"github.com/dram-go/dram/framework/view/compile"
)

// TestOracleManyAtOnce renders one program from many goroutines, each with
// data of its own types, and each must see its own data and scope only.
func TestOracleManyAtOnce(t *testing.T) {
	const text = `{{.Title}}<p title="{{.Title}}">{{range $i, $v := .List}}{{$i}}{{$v}}{{template "row" $v}}{{else}}none{{end}}{{whose .Title}}{{with .Title}}<script>x = {{.}}</script>{{end}}{{$x := .Title}}{{if .Flag}}{{$x = "flag"}}{{end}}{{$x}}` +
		`{{define "row"}}<li>{{.}}{{printf "%v" .}}{{if .}}y{{end}}</li>{{end}}`
	whose := func(v *visitor, x any) string { return fmt.Sprint(v.name, " has ", x) }
	funcs := functions{"whose": {Fn: whose, Scoped: true}}
	set, err := parseSet(text, funcs)
	if err != nil {
		t.Fatal(err)
	}
	if err := compile.Escape(set); err != nil {
		t.Fatal(err)
	}
	program := compile.New(set, funcs)

	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			scope := &visitor{name: fmt.Sprint("visitor ", g)}
			own, err := parseSet(text, functions{"whose": {Fn: func(x any) string { return whose(scope, x) }}})
			if err != nil {
				t.Error(err)
				return
			}
			for i := range 300 {
				data := concurrentData(g, i)
				want := reference(own, data)
				out, why := program.Render(nil, data, scope)
				if why != nil {
					if want.err == "" {
						t.Errorf("goroutine %d: %T was left to html/template: %s", g, data, why.Reason)
					}
					continue
				}
				if got := (answer{text: string(out)}); got != want {
					t.Errorf("goroutine %d, %T\nhtml/template %v\ncompiled      %v", g, data, want, got)
				}
			}
		})
	}
	all.Wait()
}

// concurrentData is one of several types, with values that name the goroutine.
func concurrentData(g, i int) any {
	title := fmt.Sprintf("<%d-%d>", g, i)
	switch i % 8 {
	case 0:
		return map[string]any{"Title": title, "List": []int{g, i}, "Flag": true}
	case 1:
		return struct {
			Title string
			List  []string
			Flag  bool
		}{title, []string{title, "b"}, false}
	case 2:
		return &struct {
			Title kind
			List  [2]float64
			Flag  *int
		}{kind(title), [2]float64{float64(g), .5}, nil}
	case 3:
		return map[string]string{"Title": title}
	case 4:
		return struct{ Title, List, Flag any }{title, []any{g, title, nil}, 1}
	case 5:
		return &shop{Title: title, List: []string{title}, Flag: true}
	case 6:
		return struct{ Title string }{title} // no List: an error
	}
	return struct {
		Title fmt.Stringer
		List  map[string]grade
		Flag  string
	}{grade(g), map[string]grade{"a": grade(i)}, ""}
}

// TestOracleManyTypes renders a program with a thousand types of data. What it
// keeps must not grow with them, and each must still be answered.
func TestOracleManyTypes(t *testing.T) {
	p, err := newEngines(`{{.A}}{{range .L}}{{.A}}{{.}}{{end}}{{with .P}}{{.A}}{{end}}{{len .L}}{{eq .A .A}}{{printf "%v" .A}}`, oracleFuncs())
	if err != nil {
		t.Fatal(err)
	}
	render := func(i int) {
		data := structOf(i)
		want := reference(p.set, data)
		got, alone := p.own.render(data)
		if got != want || !alone {
			t.Fatalf("type %d: html/template %v, compiled %v (by itself: %v)", i, want, got, alone)
		}
	}
	for i := range 20 {
		render(i)
	}
	before := heap()
	for i := range 1000 {
		render(i)
	}
	// Types that reflect makes stay in memory for ever: their own cost is
	// measured by making as many others that no program sees.
	grown := heap() - before
	before = heap()
	for i := range 1000 {
		structOf(5000 + i)
	}
	types := heap() - before
	if limit := types + 300<<10; grown > limit {
		t.Errorf("1000 types of data cost %d bytes, %d of them the types themselves", grown, types)
	}
	runtime.KeepAlive(p)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// structOf is a value of the i-th of many struct types.
func structOf(i int) any {
	other := reflect.StructField{Name: fmt.Sprint("X", i), Type: intT}
	inner := reflect.StructOf([]reflect.StructField{{Name: "A", Type: stringT}, other})
	outer := reflect.New(reflect.StructOf([]reflect.StructField{{Name: "A", Type: intT}, other, {Name: "L", Type: reflect.SliceOf(inner)}, {Name: "P", Type: reflect.PointerTo(inner)}})).Elem()
	outer.Field(0).SetInt(int64(i))
	item := reflect.New(inner)
	item.Elem().Field(0).SetString(fmt.Sprint("<", i, ">"))
	outer.Field(2).Set(reflect.Append(outer.Field(2), item.Elem()))
	outer.Field(3).Set(item)
	return outer.Interface()
}
