package devserver

import (
	"reflect"
	"testing"
)

func TestClassify(t *testing.T) {
	tests := []struct {
		name     string
		embedded bool
		want     kind
	}{
		{"main.go", false, kindGo},
		{"question/web.go", false, kindGo},
		{"go.mod", false, kindGo},
		{"go.sum", false, kindGo},
		{"question/fast.c", false, kindGo},
		{"question/web_test.go", false, kindTest},
		{"templates/base.html", false, kindTemplate},
		{"templates/mail/welcome.txt", false, kindTemplate},
		{"templates/base.html", true, kindTemplate}, // embedded, and read again all the same
		{"templates/funcs.go", false, kindGo},
		{"question/templates/x.html", false, kindNone}, // not the folder that the app re-reads
		{"question/templates/x.html", true, kindGo},
		{"locales/ko.toml", false, kindLocale},
		{"static/css/site.css", false, kindStyle},
		{"static/logo.svg", false, kindStatic},
		{"static/app.js", false, kindStatic},
		{"site.css", false, kindNone},
		{"migrations/0001_first.sql", false, kindMigration},
		{"migrations/README.md", false, kindNone},
		{"schema.sql", false, kindNone},
		{"schema.sql", true, kindGo},
		{"dram.toml", false, kindConfig},
		{".env", false, kindConfig},
		{"sub/.env", false, kindNone},
		{"README.md", false, kindNone},
		{"4913", true, kindNone},
		{"main.go~", false, kindNone},
		{".#main.go", false, kindNone},
		{"#main.go#", false, kindNone},
		{"templates/.base.html.swp", false, kindNone},
		{"templates/base.html.bak", false, kindNone},
	}
	for _, test := range tests {
		if got := classify(test.name, test.embedded); got != test.want {
			t.Errorf("classify(%q, embedded %v) = %d, want %d", test.name, test.embedded, got, test.want)
		}
	}
}

func TestDecide(t *testing.T) {
	tests := []struct {
		changes []change
		want    action
	}{
		{nil, action{}},
		{[]change{{"a_test.go", kindTest}}, action{}},
		{[]change{{"a.go", kindGo}}, action{Build: true}},
		{[]change{{"migrations/1.sql", kindMigration}}, action{Build: true}},
		{[]change{{".env", kindConfig}}, action{Restart: true}},
		{[]change{{"templates/a.html", kindTemplate}}, action{Reload: true}},
		{[]change{{"locales/ko.toml", kindLocale}}, action{Restart: true}},
		{[]change{{"static/a.js", kindStatic}}, action{Reload: true}},
		{[]change{{"static/css/a.css", kindStyle}, {"static/b.css", kindStyle}}, action{Styles: []string{"css/a.css", "b.css"}}},
		{[]change{{"a.go", kindGo}, {".env", kindConfig}, {"templates/a.html", kindTemplate}}, action{Build: true, Restart: true, Reload: true}},
	}
	for _, test := range tests {
		if got := decide(test.changes); !reflect.DeepEqual(got, test.want) {
			t.Errorf("decide(%v) = %+v, want %+v", test.changes, got, test.want)
		}
	}
}
