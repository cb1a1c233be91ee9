package cache

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/dram-go/dram/framework/i18n/tags"
)

// languages are those that an app has a page in, as it says in Avail-Language
// (draft-ietf-httpbis-availability-hints): "ko, en;d", where d marks the one for
// whoever wants none of them. The zero value knows nothing.
type languages struct {
	text      string // of the field
	all       []string
	otherwise string
}

// maxOffered bounds the work for a request.
const maxOffered = 64

func (l languages) known() bool { return l.otherwise != "" }

// choose is the language that the app would answer a request in.
func (l languages) choose(r *Request) string {
	return tags.Choose(r.values[acceptLanguage], l.all, l.otherwise)
}

// languagesOf reads Avail-Language of a response to r. It is heeded only if the
// response is in the language that we would choose of these, so an app that
// chooses otherwise is not misunderstood.
func languagesOf(r *Request, h http.Header) languages {
	l := languages{text: strings.Join(h["Avail-Language"], ",")}
	if l.text == "" {
		return languages{}
	}
	for element := range strings.SplitSeq(l.text, ",") {
		name, parameter, _ := strings.Cut(element, ";")
		tag, ok := tags.Canonical(textproto.TrimString(name))
		if !ok || len(l.all) == maxOffered || slices.Contains(l.all, tag) {
			return languages{}
		}
		l.all = append(l.all, tag)
		if textproto.TrimString(parameter) == "d" {
			l.otherwise = tag
		}
	}
	if said := h["Content-Language"]; !l.known() || len(said) != 1 || said[0] != l.choose(r) {
		return languages{}
	}
	return l
}
