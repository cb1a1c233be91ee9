package devserver

import (
	"strings"
	"testing"
)

func TestFindHead(t *testing.T) {
	const mark = "‸" // where the tag must go
	pages := []string{
		"<!doctype html><html><head>‸<title>x</title></head></html>",
		"\xef\xbb\xbf\n<!DOCTYPE html>\n<HTML lang=en>\n<HEAD class=\"a>b\">‸\n",
		"<!-- <head> --><!doctype html><!-- <head> -->\n<html><!----><!--><head>‸",
		"<!doctype html><html><!-- x --!><head>‸</head>",
		"<html data-x='<head>'><head>‸",
		"<head>‸<title>x",
		"<!doctype html>‸<title>x</title>",
		"<!doctype html><html>\n  ‸<body>",
		"<html>‸<header><head>",
		"<!doctype html>‸text",
		"<?xml version=\"1.0\"?><!DOCTYPE html><html><head>‸",
	}
	for _, marked := range pages {
		want := strings.Index(marked, mark)
		page := strings.Replace(marked, mark, "", 1)
		if at, v := findHead([]byte(page), true); v != headHere || at != want {
			t.Errorf("%q: %d %d, want %d", page, at, v, want)
		}
		// However the page arrives in pieces, the answer is the same.
		for cut := range len(page) {
			at, v := findHead([]byte(page[:cut]), false)
			if v == noHead || v == headHere && at != want {
				t.Errorf("%q cut at %d: %d %d, want %d or more to read", page, cut, at, v, want)
			}
		}
	}
	fragments := []string{
		"", " ", "text", "<p>x</p>", "<div><head></head></div>", "<!-- x -->", "<!-- <head>", "<li>1</li>",
		"<header>x</header>", "{}", "<", "</html>", "<!doctype html>", "<html>",
		"<!-- " + strings.Repeat("x", headLimit) + " --><html><head>",
	}
	for _, page := range fragments {
		if at, v := findHead([]byte(page), true); v != noHead {
			t.Errorf("%.40q: %d %d, want none", page, at, v)
		}
	}
}

// Nothing that a program can send makes the scanner panic or point outside.
func FuzzFindHead(f *testing.F) {
	for _, seed := range []string{"<!doctype html><html><head>", "<!-- -->", "<html a='>'><body>", "<?x?><", "<!", "\xef\xbb\xbf<head"} {
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, page []byte, whole bool) {
		at, v := findHead(page, whole)
		if at < 0 || at > len(page) || v != headHere && at != 0 {
			t.Errorf("%q: %d %d", page, at, v)
		}
		if whole && v == needMore {
			t.Errorf("%q: the whole page leaves it undecided", page)
		}
	})
}
