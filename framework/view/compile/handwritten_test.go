package compile_test

import (
	"strconv"
	"time"
)

// The pages of bench_test.go as one would write them in Go if nothing but
// their bytes counted.

func appendHead(dst []byte, s *board, title func([]byte) []byte) []byte {
	css, _ := s.static("css/pybo.css")
	svg, _ := s.static("img/pybo.svg")
	list, _ := s.url("question.list")
	create, _ := s.url("question.create")
	dst = append(dst, "<!doctype html>\n<html lang=\""...)
	dst = appendEscaped(dst, s.locale())
	dst = append(dst, "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"...)
	dst = title(dst)
	dst = append(dst, "</title>\n<link rel=\"stylesheet\" href=\""...)
	dst = appendEscaped(dst, css)
	dst = append(dst, "\">\n<link rel=\"icon\" href=\""...)
	dst = appendEscaped(dst, svg)
	dst = append(dst, "\" type=\"image/svg+xml\">\n</head>\n<body>\n<header>\n<nav>\n<a class=\"brand\" href=\""...)
	dst = appendEscaped(dst, list)
	dst = append(dst, "\"><img src=\""...)
	dst = appendEscaped(dst, svg)
	dst = append(dst, "\" alt=\"\" width=\"28\" height=\"28\">Pybo</a>\n<a class=\"button\" href=\""...)
	dst = appendEscaped(dst, create)
	dst = append(dst, "\">"...)
	dst = appendEscaped(dst, s.t("ask"))
	dst = append(dst, "</a>\n</nav>\n</header>\n<main>\n"...)
	for _, f := range s.flashes() {
		dst = append(dst, "<p class=\"flash "...)
		dst = appendEscaped(dst, f.Kind)
		dst = append(dst, "\" role=\"status\">"...)
		dst = appendEscaped(dst, f.Text)
		dst = append(dst, "</p>\n"...)
	}
	return dst
}

func appendFoot(dst []byte) []byte { return append(dst, "\n</main>\n</body>\n</html>\n"...) }

func appendTime(dst []byte, s *board, at time.Time) []byte {
	shown, _ := s.date(at, s.t("date.long"))
	dst = append(dst, "<time datetime=\""...)
	dst = at.AppendFormat(dst, "2006-01-02T15:04:05Z07:00")
	dst = append(dst, "\">"...)
	dst = appendEscaped(dst, shown)
	return append(dst, "</time>"...)
}

func appendList(dst []byte, s *board, p *boardPage) []byte {
	dst = appendHead(dst, s, func(dst []byte) []byte { return appendEscaped(dst, s.t("title")) })
	dst = append(dst, "\n<h1>"...)
	dst = appendEscaped(dst, s.t("title"))
	dst = append(dst, " <small>"...)
	dst = appendEscaped(dst, s.t("list.total", p.Total))
	dst = append(dst, "</small></h1>\n<table class=\"board\">\n<thead><tr><th scope=\"col\">"...)
	dst = appendEscaped(dst, s.t("list.number"))
	dst = append(dst, "</th><th scope=\"col\">"...)
	dst = appendEscaped(dst, s.t("list.subject"))
	dst = append(dst, "</th><th scope=\"col\">"...)
	dst = appendEscaped(dst, s.t("list.created"))
	dst = append(dst, "</th></tr></thead>\n<tbody>\n"...)
	for i := range p.Rows {
		q := &p.Rows[i]
		url, _ := s.url("question.detail", q.ID)
		dst = append(dst, "<tr>\n<td>"...)
		dst = strconv.AppendInt(dst, int64(p.Ordinal(i)), 10)
		dst = append(dst, "</td>\n<td><a href=\""...)
		dst = appendEscaped(dst, url)
		dst = append(dst, "\">"...)
		dst = appendEscaped(dst, q.Subject)
		dst = append(dst, "</a>"...)
		if q.Answers != 0 {
			dst = append(dst, " <span class=\"count\" title=\""...)
			dst = appendEscaped(dst, s.t("list.answers", q.Answers))
			dst = append(dst, "\">"...)
			dst = strconv.AppendInt(dst, int64(q.Answers), 10)
			dst = append(dst, "</span>"...)
		}
		dst = append(dst, "</td>\n<td>"...)
		dst = appendTime(dst, s, q.Created)
		dst = append(dst, "</td>\n</tr>\n"...)
	}
	dst = append(dst, "</tbody>\n</table>\n"...)
	return appendFoot(append(appendPager(dst, s, p), '\n'))
}

func appendPager(dst []byte, s *board, p *boardPage) []byte {
	if p.Last <= 1 {
		return dst
	}
	dst = append(dst, "<nav class=\"pager\" aria-label=\""...)
	dst = appendEscaped(dst, s.t("list.pages"))
	dst = append(dst, "\">\n"...)
	if n := p.Previous(); n != 0 {
		url, _ := s.query("page", n)
		dst = append(dst, "<a rel=\"prev\" href=\""...)
		dst = appendEscaped(dst, url)
		dst = append(dst, "\">"...)
		dst = appendEscaped(dst, s.t("list.previous"))
		dst = append(dst, "</a>"...)
	}
	dst = append(dst, '\n')
	for _, n := range p.Numbers(5) {
		switch n {
		case 0:
			dst = append(dst, "<span>…</span>"...)
		case p.Number:
			dst = append(dst, "<strong aria-current=\"page\">"...)
			dst = strconv.AppendInt(dst, int64(n), 10)
			dst = append(dst, "</strong>"...)
		default:
			url, _ := s.query("page", n)
			dst = append(dst, "<a href=\""...)
			dst = appendEscaped(dst, url)
			dst = append(dst, "\">"...)
			dst = strconv.AppendInt(dst, int64(n), 10)
			dst = append(dst, "</a>"...)
		}
		dst = append(dst, '\n')
	}
	if n := p.Next(); n != 0 {
		url, _ := s.query("page", n)
		dst = append(dst, "<a rel=\"next\" href=\""...)
		dst = appendEscaped(dst, url)
		dst = append(dst, "\">"...)
		dst = appendEscaped(dst, s.t("list.next"))
		dst = append(dst, "</a>"...)
	}
	return append(dst, "\n</nav>"...)
}

func appendDetail(dst []byte, s *board, d *boardDetail) []byte {
	q := &d.Question
	dst = appendHead(dst, s, func(dst []byte) []byte {
		dst = appendEscaped(dst, q.Subject)
		dst = append(dst, " · "...)
		return appendEscaped(dst, s.t("title"))
	})
	dst = append(dst, "\n<article class=\"card question\">\n<h1>"...)
	dst = appendEscaped(dst, q.Subject)
	dst = append(dst, "</h1>\n<div class=\"text\">"...)
	dst = appendEscaped(dst, q.Content)
	dst = append(dst, "</div>\n<footer>"...)
	dst = appendTime(dst, s, q.Created)
	dst = append(dst, "</footer>\n</article>\n<section>\n<h2>"...)
	if len(d.Answers) > 0 {
		dst = appendEscaped(dst, s.t("answer.count", len(d.Answers)))
	} else {
		dst = appendEscaped(dst, s.t("answer.none"))
	}
	dst = append(dst, "</h2>\n"...)
	for i := range d.Answers {
		a := &d.Answers[i]
		dst = append(dst, "<article class=\"card\" id=\"answer_"...)
		dst = strconv.AppendInt(dst, a.ID, 10)
		dst = append(dst, "\">\n<div class=\"text\">"...)
		dst = appendEscaped(dst, a.Content)
		dst = append(dst, "</div>\n<footer>"...)
		dst = appendTime(dst, s, a.Created)
		dst = append(dst, "</footer>\n</article>\n"...)
	}
	create, _ := s.url("answer.create", q.ID)
	list, _ := s.url("question.list")
	field, _ := fieldOf(d.Form, "content")
	dst = append(dst, "</section>\n<form method=\"post\" action=\""...)
	dst = appendEscaped(dst, create)
	dst = append(dst, "\">\n"...)
	dst = append(dst, field...)
	dst = append(dst, "\n<button>"...)
	dst = appendEscaped(dst, s.t("answer.save"))
	dst = append(dst, "</button>\n<a href=\""...)
	dst = appendEscaped(dst, list)
	dst = append(dst, "\">"...)
	dst = appendEscaped(dst, s.t("back"))
	dst = append(dst, "</a>\n</form>\n"...)
	return appendFoot(dst)
}

// appendEscaped is the escaper of somebody who knows that there is one.
func appendEscaped(dst []byte, s string) []byte {
	last := 0
	for i := range len(s) {
		var esc string
		switch s[i] {
		case '&':
			esc = "&amp;"
		case '<':
			esc = "&lt;"
		case '>':
			esc = "&gt;"
		case '"':
			esc = "&#34;"
		case '\'':
			esc = "&#39;"
		case '+':
			esc = "&#43;"
		case 0:
			esc = "\uFFFD"
		default:
			continue
		}
		dst = append(append(dst, s[last:i]...), esc...)
		last = i + 1
	}
	return append(dst, s[last:]...)
}
