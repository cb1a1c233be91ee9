package front

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"
)

func TestRemarkOnACertificate(t *testing.T) {
	const day = 24 * time.Hour
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		life, age time.Duration
		want      string // "" for no remark
	}{
		{90 * day, 0, ""},
		{90 * day, 76 * day, ""}, // 14 days left
		{90 * day, 76*day + time.Second, "/x.pem expires on 2026-04-01 00:00 UTC: renew it"},
		{90 * day, 90*day + time.Second, "/x.pem expired on 2026-04-01 00:00 UTC, so browsers refuse it"},
		{6 * day, 4 * day, ""}, // a third of a short life left
		{6 * day, 4*day + time.Second, "/x.pem expires on 2026-01-07 00:00 UTC"},
		{6 * day, -time.Second, "/x.pem is not valid before 2026-01-01 00:00 UTC"},
	} {
		leaf := &x509.Certificate{DNSNames: []string{"qna.example"}, NotBefore: made, NotAfter: made.Add(c.life)}
		got := Certificate{Name: "/x.pem", Leaf: leaf}.Remark(made.Add(c.age))
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("life %v, age %v: %q, want %q", c.life, c.age, got, c.want)
		}
	}
	if got := (Certificate{Leaf: &x509.Certificate{NotAfter: made.Add(90 * day)}}).Remark(made); !strings.Contains(got, "names no host") {
		t.Errorf("without a name: %q", got)
	}
}
