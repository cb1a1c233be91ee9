package compile

import (
	"fmt"
	"reflect"
)

// indexing is {{index x 1 "key"}}.
func indexing(_ string, a *arguments, x []expr) expr {
	if len(x) == 0 {
		return nil
	}
	return computed(func(st *state) value {
		item := indirectInterface(x[0].eval(st).reflect())
		keys := make([]value, len(x)-1)
		for i, e := range x[1:] {
			keys[i] = e.eval(st)
		}
		if !item.IsValid() {
			bail(a.at, "index of untyped nil")
		}
		for _, key := range keys {
			var err error
			if item, err = indexOne(item, key); err != nil {
				bail(a.at, "%v", err)
			}
		}
		return opened(item)
	})
}

func indexOne(item reflect.Value, key value) (reflect.Value, error) {
	item, isNil := indirect(item)
	if isNil {
		return item, fmt.Errorf("index of nil pointer")
	}
	switch item.Kind() {
	case reflect.Array, reflect.Slice, reflect.String:
		i, err := position(key, item.Len())
		if err != nil {
			return item, err
		}
		return item.Index(i), nil
	case reflect.Map:
		k, err := prepared(indirectInterface(key.reflect()), item.Type().Key())
		if err != nil {
			return item, err
		}
		if found := item.MapIndex(k); found.IsValid() {
			return found, nil
		}
		return reflect.Zero(item.Type().Elem()), nil
	}
	return item, fmt.Errorf("can't index item of type %s", item.Type())
}

// position makes an index for something that is end long, end included.
func position(key value, end int) (int, error) {
	o := operandOf(key)
	n := o.n
	switch o.kind {
	case intBasic:
	case uintBasic:
		n = int64(o.any.Uint())
	default:
		return 0, fmt.Errorf("cannot index slice or array with it")
	}
	if n < 0 || int(n) < 0 || int(n) > end {
		return 0, fmt.Errorf("index out of range: %d", n)
	}
	return int(n), nil
}

// prepared makes v a key or an argument of type t as index and call do it,
// which is more generous with integers than a call of a function.
func prepared(v reflect.Value, t reflect.Type) (reflect.Value, error) {
	if !v.IsValid() {
		if !canBeNil(t) {
			return v, fmt.Errorf("value is nil; should be of type %s", t)
		}
		v = reflect.Zero(t)
	}
	if v.Type().AssignableTo(t) {
		return v, nil
	}
	if isInteger(v.Kind()) && isInteger(t.Kind()) && v.Type().ConvertibleTo(t) {
		return v.Convert(t), nil
	}
	return v, fmt.Errorf("value has type %s; should be %s", v.Type(), t)
}

func isInteger(k reflect.Kind) bool { return reflect.Int <= k && k <= reflect.Uintptr }

// slicing is {{slice x 1 2}}.
func slicing(_ string, a *arguments, x []expr) expr {
	if len(x) == 0 || len(x) > 4 {
		return nil
	}
	return computed(func(st *state) value {
		item := indirectInterface(x[0].eval(st).reflect())
		var bounds []value
		for _, e := range x[1:] {
			bounds = append(bounds, e.eval(st))
		}
		part, err := cutOut(item, bounds)
		if err != nil {
			bail(a.at, "%v", err)
		}
		return unboxed(part)
	})
}

func cutOut(item reflect.Value, bounds []value) (reflect.Value, error) {
	if !item.IsValid() {
		return item, fmt.Errorf("slice of untyped nil")
	}
	item, isNil := indirect(item)
	if isNil {
		return item, fmt.Errorf("slice of nil pointer")
	}
	end := 0
	switch item.Kind() {
	case reflect.String:
		if len(bounds) == 3 {
			return item, fmt.Errorf("cannot 3-index slice a string")
		}
		end = item.Len()
	case reflect.Array, reflect.Slice:
		end = item.Cap()
	default:
		return item, fmt.Errorf("can't slice item of type %s", item.Type())
	}
	at := [3]int{0, item.Len()}
	for i, b := range bounds {
		n, err := position(b, end)
		if err != nil {
			return item, err
		}
		at[i] = n
	}
	switch {
	case at[0] > at[1], len(bounds) == 3 && at[1] > at[2]:
		return item, fmt.Errorf("invalid slice index")
	case len(bounds) == 3:
		return item.Slice3(at[0], at[1], at[2]), nil
	}
	return item.Slice(at[0], at[1]), nil
}

// calling is {{call .F 1 2}}.
func calling(_ string, a *arguments, x []expr) expr {
	if len(x) == 0 {
		return nil
	}
	return computed(func(st *state) value {
		fn := indirectInterface(x[0].eval(st).reflect())
		args := make([]reflect.Value, len(x)-1)
		for i, e := range x[1:] {
			args[i] = e.eval(st).reflect()
		}
		result, err := callValue(fn, args)
		if err != nil {
			bail(a.at, "error calling call: %v", err)
		}
		return unboxed(result)
	})
}

func callValue(fn reflect.Value, args []reflect.Value) (reflect.Value, error) {
	if fn.Kind() != reflect.Func {
		return fn, fmt.Errorf("it is no function")
	}
	t := fn.Type()
	last := t.NumIn() - 1
	if len(args) < last || !t.IsVariadic() && len(args) != t.NumIn() {
		return fn, fmt.Errorf("wrong number of args")
	}
	if t.NumOut() == 0 || t.NumOut() > 2 || t.NumOut() == 2 && t.Out(1) != errorType {
		return fn, fmt.Errorf("wrong number of results")
	}
	for i, arg := range args {
		var want reflect.Type
		if t.IsVariadic() && i >= last {
			want = t.In(last).Elem()
		} else {
			want = t.In(i)
		}
		var err error
		if args[i], err = prepared(indirectInterface(arg), want); err != nil {
			return fn, err
		}
	}
	return safely(fn, args)
}
