package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// readJSON reads a JSON object into the texts that a form would have sent.
func readJSON(r *http.Request, p *plan) (*input, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body)) // may be read again
	j := &jsonReader{
		plan:    p,
		decoder: json.NewDecoder(bytes.NewReader(body)),
		in:      &input{values: map[string][]string{}, problems: map[string]problem{}, json: true},
	}
	j.decoder.UseNumber()
	if err := j.document(); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the JSON body ends too early")
		}
		return nil, err
	}
	return j.in, nil
}

// jsonReader walks a document token by token and keeps what the plan knows.
type jsonReader struct {
	plan    *plan
	decoder *json.Decoder
	in      *input
	values  int
}

func (j *jsonReader) document() error {
	first, err := j.decoder.Token()
	if err != nil {
		return err
	}
	if first != json.Delim('{') {
		return fmt.Errorf("the JSON body must be an object, not %s", nameOf(first))
	}
	if err := j.object("", 1); err != nil {
		return err
	}
	if _, err := j.decoder.Token(); err != io.EOF {
		return errors.New("there is something after the JSON object")
	}
	return nil
}

// object reads the members of an object whose brace is read. prefix is "" or
// ends in a dot.
func (j *jsonReader) object(prefix string, depth int) error {
	for j.decoder.More() {
		key, err := j.decoder.Token()
		if err != nil {
			return err
		}
		if err := j.member(prefix+key.(string), depth); err != nil {
			return err
		}
	}
	_, err := j.decoder.Token() // the closing brace
	return err
}

// member reads the value of one member.
func (j *jsonReader) member(name string, depth int) error {
	token, err := j.token()
	if err != nil {
		return err
	}
	f := j.plan.byName[name]
	switch {
	case f != nil && f.slice && token == json.Delim('['):
		return j.array(f, depth)
	case f != nil:
		return j.scalar(f, token, depth)
	case token == json.Delim('{') && depth == 1: // may be a nested form
		return j.object(name+".", depth+1)
	}
	return j.skip(token, depth)
}

// token reads the begin of a value and counts it.
func (j *jsonReader) token() (json.Token, error) {
	if j.values++; j.values > MaxFields {
		return nil, tooMany(j.values)
	}
	return j.decoder.Token()
}

// scalar takes the only value of a field.
func (j *jsonReader) scalar(f *field, token json.Token, depth int) error {
	switch t, ok := textOf(f, token); {
	case token == nil:
		j.in.values[f.name] = []string{}
	case ok && !f.slice:
		j.in.values[f.name] = []string{t}
	default:
		j.mistyped(f)
	}
	return j.skip(token, depth)
}

// array takes the values of a field whose bracket is read.
func (j *jsonReader) array(f *field, depth int) error {
	texts := []string{}
	for j.decoder.More() {
		token, err := j.token()
		if err != nil {
			return err
		}
		t, ok := textOf(f, token)
		if !ok {
			j.mistyped(f)
		}
		texts = append(texts, t)
		if err := j.skip(token, depth+1); err != nil {
			return err
		}
	}
	j.in.values[f.name] = texts
	_, err := j.decoder.Token() // the closing bracket
	return err
}

// skip reads to the end of a value that begins with token.
func (j *jsonReader) skip(token json.Token, depth int) error {
	if token != json.Delim('{') && token != json.Delim('[') {
		return nil
	}
	for open := 1; open > 0; {
		next, err := j.token()
		if err != nil {
			return err
		}
		switch next {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'):
			open--
		}
		if depth+open > MaxDepth {
			return fmt.Errorf("the JSON body nests deeper than %d", MaxDepth)
		}
	}
	return nil
}

// mistyped notes that a field got a value of another JSON type.
func (j *jsonReader) mistyped(f *field) { j.in.problems[f.name] = problem{rule: typeRule(f)} }

// textOf returns the text of a token, if its type suits the field.
func textOf(f *field, token json.Token) (string, bool) {
	switch v := token.(type) {
	case string:
		return v, f.kind == text || f.kind == moment || f.kind == duration || f.kind == custom
	case json.Number:
		return v.String(), f.kind == integer || f.kind == unsigned || f.kind == decimal || f.kind == custom
	case bool:
		return fmt.Sprint(v), f.kind == boolean
	}
	return "", false
}

// typeRule is the message for a JSON value of the wrong type.
func typeRule(f *field) string {
	switch {
	case f.slice:
		return "type_list"
	case f.kind == integer, f.kind == unsigned:
		return "integer"
	case f.kind == decimal:
		return "decimal"
	case f.kind == boolean:
		return "boolean"
	case f.kind == file:
		return "type_file"
	}
	return "type_text"
}

// nameOf names the JSON type of a token for people.
func nameOf(token json.Token) string {
	switch token.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	}
	return "an array"
}
