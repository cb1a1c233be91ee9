package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestSettingsMaskSecrets(t *testing.T) {
	dir := write(t, `
secret = "`+long+`"
[database]
url = "postgres://qna:hunter2@db.example.org/qna?sslmode=require&sslpassword=hunter2"
[app]
title = "Board"
mail_password = "hunter2"
hook = "https://bot:hunter2@example.org/x"
[app.s3]
api_key = "hunter2"
`)
	conf := load(t, Options{Dir: dir, Environ: []string{"DRAM_APP_GITHUB_TOKEN=hunter2", "DRAM_APP_PEPPER=hunter2"}})
	var s struct {
		Pepper string `key:"pepper" secret:"true"`
		Title  string `key:"title" help:"in every page"`
		Pass   string `key:"mail_password"`
		Hook   string `key:"hook" secret:"url"`
		Token  string `key:"github_token"`
		None   string `key:"none" secret:"true"`
		Tokens string `key:"tokens_per_hour" secret:"false"`
		S3     struct {
			Key string `key:"api_key"`
		} `key:"s3"`
	}
	s.Tokens = "5"
	before := fmt.Sprint(conf.appSettings())
	if strings.Count(before, "hunter2") != 1 { // only pepper, which nobody could know
		t.Errorf("before Decode: %s", before)
	}
	if err := conf.Decode("app", &s); err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprint(conf.Settings())
	if strings.Contains(all, "hunter2") || strings.Contains(all, long) {
		t.Errorf("settings show a secret: %s", all)
	}
	for key, want := range map[string]string{
		"secret":              masked,
		"database.url":        "postgres://qna:" + masked + "@db.example.org/qna?sslmode=require&sslpassword=" + masked,
		"app.title":           "Board",
		"app.hook":            "https://bot:" + masked + "@example.org/x",
		"app.pepper":          masked,
		"app.none":            "",
		"app.tokens_per_hour": "5",
		"app.s3.api_key":      masked,
	} {
		if got := setting(conf, key).Value; got != want {
			t.Errorf("%s is shown as %q, want %q", key, got, want)
		}
	}
	if got := setting(conf, "app.title"); got.Help != "in every page" || got.Origin != "dram.toml:6" {
		t.Errorf("app.title: %+v", got)
	}
	if got := setting(conf, "app.pepper").Origin; got != "DRAM_APP_PEPPER" {
		t.Errorf("app.pepper has origin %q", got)
	}
	if got := setting(conf, "app.tokens_per_hour").Origin; got != "default" {
		t.Errorf("app.tokens_per_hour has origin %q", got)
	}
}

func TestSettingsBeforeDecode(t *testing.T) {
	conf := load(t, Options{
		Dir:     write(t, "[app]\nb-size = 3\n[app.a]\nlist = [1, 2]\n[[app.peers]]\nname = \"x\"\n"),
		Environ: []string{"DRAM_APP_B_SIZE=4", "DRAM_APP_NEW=5", "DRAM_APP_EMPTY=", "DRAM_LOG_LEVEL=debug", "PATH=/bin"},
		Flags:   map[string]string{"app.a.list": "6"},
	})
	want := "[{app.a.list 6 flag app.a.list } {app.b-size 4 DRAM_APP_B_SIZE } {app.new 5 DRAM_APP_NEW } {app.peers 1 entries dram.toml:5 }]"
	if got := fmt.Sprint(conf.appSettings()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestSettingsOfAChangedConfig(t *testing.T) {
	conf := load(t, Options{Dir: t.TempDir(), Flags: map[string]string{"server.listen": ":1"}})
	conf.Server.Listen = ":2"
	conf.Workers.Count++
	for _, key := range []string{"server.listen", "workers.count"} {
		if got := setting(conf, key).Origin; got != "program" {
			t.Errorf("%s has origin %q after the program changed it", key, got)
		}
	}
}
