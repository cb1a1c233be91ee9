package static

import (
	"testing"
	"time"
)

var (
	changed = time.Date(1994, 10, 29, 19, 43, 31, 0, time.UTC)
	later   = changed.Add(time.Hour)
)

const (
	sameDate    = "Sat, 29 Oct 1994 19:43:31 GMT"
	earlierDate = "Sat, 29 Oct 1994 19:43:30 GMT"
	laterDate   = "Sat, 29 Oct 1994 19:43:32 GMT"
)

// TestPreconditions is RFC 9110, section 13, sentence by sentence.
func TestPreconditions(t *testing.T) {
	strong := validators{`"xyzzy"`, changed}
	weak := validators{`W/"xyzzy"`, changed}
	for _, c := range []struct {
		name string
		have validators
		ask  Request
		want int
	}{
		{"none", strong, Request{}, 200},

		// 13.1.1: "*" is true if there is a representation; otherwise one of the
		// tags must match by strong comparison.
		{"If-Match *", strong, Request{match: "*"}, 200},
		{"If-Match same", strong, Request{match: `"xyzzy"`}, 200},
		{"If-Match in a list", strong, Request{match: `"r2d2xxxx", "xyzzy", "c3piozzzz"`}, 200},
		{"If-Match in a list without spaces", strong, Request{match: `"r2d2xxxx","xyzzy"`}, 200},
		{"If-Match with empty elements", strong, Request{match: `, ,"xyzzy"`}, 200},
		{"If-Match other", strong, Request{match: `"r2d2xxxx"`}, 412},
		{"If-Match weak in the request", strong, Request{match: `W/"xyzzy"`}, 412},
		{"If-Match weak here", weak, Request{match: `"xyzzy"`}, 412},
		{"If-Match both weak", weak, Request{match: `W/"xyzzy"`}, 412},
		{"If-Match with a comma in a tag", strong, Request{match: `"a,b", "xyzzy"`}, 200},
		{"If-Match without quotes", strong, Request{match: `xyzzy`}, 412},
		{"If-Match whose case differs", strong, Request{match: `"XYZZY"`}, 412},
		{"If-Match with no end", strong, Request{match: `"xyzzy`}, 412},

		// 13.1.2: weak comparison.
		{"If-None-Match *", strong, Request{noneMatch: "*"}, 304},
		{"If-None-Match same", strong, Request{noneMatch: `"xyzzy"`}, 304},
		{"If-None-Match weak in the request", strong, Request{noneMatch: `W/"xyzzy"`}, 304},
		{"If-None-Match weak here", weak, Request{noneMatch: `"xyzzy"`}, 304},
		{"If-None-Match both weak", weak, Request{noneMatch: `W/"xyzzy"`}, 304},
		{"If-None-Match in a list", strong, Request{noneMatch: `W/"xyzzy", W/"r2d2xxxx", W/"c3piozzzz"`}, 304},
		{"If-None-Match last of a list", strong, Request{noneMatch: `"a" , "b",	"xyzzy"`}, 304},
		{"If-None-Match other", strong, Request{noneMatch: `"r2d2xxxx"`}, 200},
		{"If-None-Match w/ in lower case", strong, Request{noneMatch: `w/"xyzzy"`}, 200},

		// 13.1.3: ignored with If-None-Match, when it is no date, and without a
		// date of ours.
		{"If-Modified-Since same", strong, Request{modifiedSince: sameDate}, 304},
		{"If-Modified-Since later", strong, Request{modifiedSince: laterDate}, 304},
		{"If-Modified-Since earlier", strong, Request{modifiedSince: earlierDate}, 200},
		{"If-Modified-Since no date", strong, Request{modifiedSince: "yesterday"}, 200},
		{"If-Modified-Since twice", strong, Request{modifiedSince: sameDate + ", " + sameDate}, 200},
		{"If-Modified-Since in RFC 850 form", strong, Request{modifiedSince: "Saturday, 29-Oct-94 19:43:31 GMT"}, 304},
		{"If-Modified-Since in asctime form", strong, Request{modifiedSince: "Sat Oct 29 19:43:31 1994"}, 304},
		{"If-Modified-Since without a date here", validators{`"x"`, time.Time{}}, Request{modifiedSince: laterDate}, 200},
		{"If-Modified-Since beside a mismatch", strong, Request{modifiedSince: sameDate, noneMatch: `"other"`}, 200},
		{"If-Modified-Since beside a match", strong, Request{modifiedSince: earlierDate, noneMatch: `"xyzzy"`}, 304},

		// 13.1.4: ignored with If-Match, when it is no date, without a date.
		{"If-Unmodified-Since same", strong, Request{unmodifiedSince: sameDate}, 200},
		{"If-Unmodified-Since later", strong, Request{unmodifiedSince: laterDate}, 200},
		{"If-Unmodified-Since earlier", strong, Request{unmodifiedSince: earlierDate}, 412},
		{"If-Unmodified-Since no date", strong, Request{unmodifiedSince: "never"}, 200},
		{"If-Unmodified-Since without a date here", validators{`"x"`, time.Time{}}, Request{unmodifiedSince: earlierDate}, 200},
		{"If-Unmodified-Since beside a match", strong, Request{unmodifiedSince: earlierDate, match: `"xyzzy"`}, 200},

		// 13.2.2: the order.
		{"412 before 304", strong, Request{match: `"other"`, noneMatch: `"xyzzy"`}, 412},
		{"304 after a match", strong, Request{match: `"xyzzy"`, noneMatch: `"xyzzy"`}, 304},
		{"412 by date before 304", strong, Request{unmodifiedSince: earlierDate, noneMatch: `"xyzzy"`}, 412},
	} {
		c.ask.method = "GET"
		if got := c.ask.judge(c.have); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestIfRange is RFC 9110, sections 13.1.5 and 14.2.
func TestIfRange(t *testing.T) {
	strong := validators{`"xyzzy"`, changed}
	for _, c := range []struct {
		name string
		have validators
		ask  Request
		now  time.Time
		want bool
	}{
		{"no Range", strong, Request{}, later, false},
		{"no If-Range", strong, Request{span: "bytes=0-1"}, later, true},
		{"same tag", strong, Request{span: "bytes=0-1", ifRange: `"xyzzy"`}, later, true},
		{"other tag", strong, Request{span: "bytes=0-1", ifRange: `"other"`}, later, false},
		{"weak tag", strong, Request{span: "bytes=0-1", ifRange: `W/"xyzzy"`}, later, false},
		{"weak here", validators{`W/"xyzzy"`, changed}, Request{span: "bytes=0-1", ifRange: `W/"xyzzy"`}, later, false},
		{"a list of tags", strong, Request{span: "bytes=0-1", ifRange: `"xyzzy", "b"`}, later, false},
		{"same date", strong, Request{span: "bytes=0-1", ifRange: sameDate}, later, true},
		{"later date", strong, Request{span: "bytes=0-1", ifRange: laterDate}, later, false},
		{"earlier date", strong, Request{span: "bytes=0-1", ifRange: earlierDate}, later, false},
		{"a date that is weak yet", strong, Request{span: "bytes=0-1", ifRange: sameDate}, changed.Add(time.Second), false},
		{"no date here", validators{`"xyzzy"`, time.Time{}}, Request{span: "bytes=0-1", ifRange: sameDate}, later, false},
		{"HEAD", strong, Request{method: "HEAD", span: "bytes=0-1"}, later, false},
	} {
		if c.ask.method == "" {
			c.ask.method = "GET"
		}
		if got := c.ask.wantsPart(c.have, c.now); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
