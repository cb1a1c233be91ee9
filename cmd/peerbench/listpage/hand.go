package listpage

import "strconv"

// Append appends the page as somebody would write it who has no templates.
func Append(dst []byte, p *Page) []byte {
	dst = append(dst, "<!doctype html>\n<html lang=\"ko\">\n<head>\n<meta charset=\"utf-8\">\n<title>"...)
	dst = appendText(dst, p.Title)
	dst = append(dst, "</title>\n<link rel=\"stylesheet\" href=\"/static/css/pybo.css\">\n</head>\n<body>\n"+
		"<header>\n<nav>\n<a class=\"brand\" href=\"/question/list/\">Pybo</a>\n"+
		"<a class=\"button\" href=\"/question/create/\">질문하기</a>\n</nav>\n</header>\n<main>\n<h1>"...)
	dst = appendText(dst, p.Title)
	dst = append(dst, " <small>"...)
	dst = strconv.AppendInt(dst, int64(p.Total), 10)
	dst = append(dst, "</small></h1>\n<table class=\"board\">\n<thead><tr><th>번호</th><th>제목</th><th>작성일시</th></tr></thead>\n<tbody>\n"...)
	for i := range p.Rows {
		dst = appendRow(dst, p.Ordinal(i), &p.Rows[i])
	}
	if len(p.Rows) == 0 {
		dst = append(dst, "<tr><td colspan=\"3\">질문이 없습니다</td></tr>\n"...)
	}
	dst = append(dst, "</tbody>\n</table>\n"...)
	dst = appendPager(dst, p)
	return append(dst, "\n</main>\n</body>\n</html>\n"...)
}

func appendRow(dst []byte, ordinal int, q *Question) []byte {
	dst = append(dst, "<tr>\n<td>"...)
	dst = strconv.AppendInt(dst, int64(ordinal), 10)
	dst = append(dst, "</td>\n<td><a href=\"/question/detail/"...)
	dst = strconv.AppendInt(dst, q.ID, 10)
	dst = append(dst, "/\" title=\""...)
	dst = appendText(dst, q.Subject)
	dst = append(dst, "\">"...)
	dst = appendText(dst, q.Subject)
	dst = append(dst, "</a>"...)
	if q.Answers != 0 {
		dst = append(dst, " <span class=\"count\">"...)
		dst = strconv.AppendInt(dst, int64(q.Answers), 10)
		dst = append(dst, "</span>"...)
	}
	dst = append(dst, "</td>\n<td><time datetime=\""...)
	dst = q.Created.AppendFormat(dst, Machine)
	dst = append(dst, "\">"...)
	dst = q.Created.AppendFormat(dst, Human)
	return append(dst, "</time></td>\n</tr>\n"...)
}

func appendPager(dst []byte, p *Page) []byte {
	dst = append(dst, "<nav class=\"pager\">\n"...)
	if p.Previous != 0 {
		dst = append(dst, "<a rel=\"prev\" href=\"?page="...)
		dst = strconv.AppendInt(dst, int64(p.Previous), 10)
		dst = append(dst, "\">이전</a>"...)
	}
	dst = append(dst, '\n')
	for _, n := range p.Numbers {
		if n == p.Current {
			dst = append(dst, "<strong>"...)
			dst = strconv.AppendInt(dst, int64(n), 10)
			dst = append(dst, "</strong>\n"...)
			continue
		}
		dst = append(dst, "<a href=\"?page="...)
		dst = strconv.AppendInt(dst, int64(n), 10)
		dst = append(dst, "\">"...)
		dst = strconv.AppendInt(dst, int64(n), 10)
		dst = append(dst, "</a>\n"...)
	}
	if p.Next != 0 {
		dst = append(dst, "<a rel=\"next\" href=\"?page="...)
		dst = strconv.AppendInt(dst, int64(p.Next), 10)
		dst = append(dst, "\">다음</a>"...)
	}
	return append(dst, "\n</nav>"...)
}

// appendText appends s as html/template does in text and attributes.
func appendText(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		with := ""
		switch s[i] {
		case '<':
			with = "&lt;"
		case '>':
			with = "&gt;"
		case '&':
			with = "&amp;"
		case '"':
			with = "&#34;"
		case '\'':
			with = "&#39;"
		case '+':
			with = "&#43;"
		case 0:
			with = "\uFFFD"
		default:
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = append(dst, with...)
		from = i + 1
	}
	return append(dst, s[from:]...)
}
