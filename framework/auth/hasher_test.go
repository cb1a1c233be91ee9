package auth

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// quick is a Hasher for tests that are not about its cost.
func quick() *Hasher { return &Hasher{Passes: 1, Memory: 64} }

func hashOf(t *testing.T, h *Hasher, password string) string {
	t.Helper()
	text, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func verify(t *testing.T, h *Hasher, hash, password string) bool {
	t.Helper()
	ok, err := h.Verify(t.Context(), hash, password)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestHash(t *testing.T) {
	h := &Hasher{}
	text := hashOf(t, h, "correct horse")
	if !strings.HasPrefix(text, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash %s", text)
	}
	if hashOf(t, h, "correct horse") == text {
		t.Error("the same salt twice")
	}
	if !verify(t, h, text, "correct horse") || verify(t, h, text, "correct Horse") || verify(t, h, text, "") {
		t.Error("the wrong password fits, or the right one does not")
	}
	if verify(t, h, "", "") || verify(t, h, "", "correct horse") {
		t.Error("a password fits nobody's hash")
	}
}

func TestLongPasswords(t *testing.T) {
	h := quick()
	// 72 bytes are where bcrypt stops looking.
	long := strings.Repeat("가", 1000)
	text := hashOf(t, h, long+"1")
	if verify(t, h, text, long+"2") || !verify(t, h, text, long+"1") {
		t.Error("the end of a long password is ignored")
	}
	huge := strings.Repeat("x", maxPassword+1)
	if _, err := h.Hash(t.Context(), huge); !errors.Is(err, ErrTooLong) || ErrTooLong.(tooLong).StatusCode() != 422 {
		t.Errorf("huge: %v", err)
	}
	if verify(t, h, text, huge) {
		t.Error("a huge password fits")
	}
}

// TestSpellings has one password typed on two devices.
func TestSpellings(t *testing.T) {
	h := quick()
	const composed, decomposed = "한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"
	if !verify(t, h, hashOf(t, h, composed), decomposed) || !verify(t, h, hashOf(t, h, decomposed), composed) {
		t.Error("the two spellings of Hangul are two passwords")
	}
}

// TestKnownHashes has hashes that others made: the reference implementation of
// Argon2, Werkzeug and Django.
func TestKnownHashes(t *testing.T) {
	h := quick()
	const ko = "비밀번호 4자"
	for text, password := range map[string]string{
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc":                                                                               "password",
		"scrypt:32768:8:1$rpKSYg0GOf5LIKPF$e56103a5b5690d063fe44bc4610f45807c8cfd54d8ea8ff106b708cbecb4bd60619a54524d81ff520f90f37431cc7076a81a21afb7430555c61684f579ede21d":   ko,
		"pbkdf2:sha256:1000$hUCSQexLbfYkkNex$6f7418596a862c0594bdfee6d5c26e7a78d182b4543f6ad731222325aaa1471a":                                                                 ko,
		"pbkdf2:sha1:1000$3ZpJtltpdiyQ6NPo$6b99e4494fbbf0f84a82602f592a6a4bf1b48316":                                                                                           ko,
		"pbkdf2:sha512:1000$Qd8rTzLw0aXbYc1e$91ecc891006ce37b9d8001d77f3bc0dcf521a1c5a20e68a1feff2f5f0a9be797bf7b2c8780c23363eb7a656059b0c369db486aab255a4c4ada566894f7dd81ee": ko,
		"pbkdf2_sha256$1000$Qd8rTzLw0aXbYc1e$9u7WV9TxFq7c5GRmOd3ZJ2nhfJSRLXIYPcz5r5EQA3s=":                                                                                     ko,
	} {
		if !verify(t, h, text, password) {
			t.Errorf("%s does not fit %q", text, password)
		}
		if verify(t, h, text, password+".") {
			t.Errorf("%s fits another password", text)
		}
		if !h.Outdated(text) {
			t.Errorf("%s is not outdated", text)
		}
	}
}

func TestOutdated(t *testing.T) {
	h := quick()
	text := hashOf(t, h, "x")
	if h.Outdated(text) || quick().Outdated(text) {
		t.Error("a fresh hash is outdated")
	}
	for _, other := range []*Hasher{{Passes: 2, Memory: 64}, {Passes: 1, Memory: 65}, {Passes: 1, Memory: 64, Threads: 2}, {}} {
		if !other.Outdated(text) || other.Outdated(hashOf(t, other, "x")) {
			t.Errorf("%+v does not tell its hashes from others", other.cost())
		}
		if !verify(t, other, text, "x") {
			t.Errorf("%+v cannot check an older hash", other.cost())
		}
	}
	if !h.Outdated("") || !h.Outdated("nonsense") {
		t.Error("what is no hash is not outdated")
	}
}

func TestHashesNobodyCanRead(t *testing.T) {
	for _, text := range []string{
		"password", "$2b$12$abcdefghijklmnopqrstuu", "$$$$$", "$$", "$$$",
		"$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=1,p=1,x=2$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=18$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFh",
		"$argon2id$v=19$m=64,t=1,p=1$YQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"scrypt:32768:8$salt$" + strings.Repeat("ab", 32),
		"scrypt:32767:8:1$salt$" + strings.Repeat("ab", 32),
		"scrypt:1048576:1048576:1$salt$" + strings.Repeat("ab", 32),
		"scrypt:x:8:1$salt$" + strings.Repeat("ab", 32),
		"scrypt:1:8:1$salt$" + strings.Repeat("ab", 32),
		"pbkdf2:md5:1000$salt$" + strings.Repeat("ab", 32),
		"pbkdf2:sha256$salt$" + strings.Repeat("ab", 32),
		"pbkdf2:sha256:99999999999$salt$" + strings.Repeat("ab", 32),
		"pbkdf2:sha256:1000$$" + strings.Repeat("ab", 32),
		"pbkdf2:sha256:1000$salt$ab",
		"pbkdf2:sha256:1000$salt$" + strings.Repeat("zz", 32),
		"plain$salt$" + strings.Repeat("ab", 32),
		"pbkdf2_sha256$1000$salt$!", "pbkdf2_sha256$1000$$YWJj", "argon2$a$b$c", "pbkdf2_sha256$1000$salt$YWJj",
	} {
		ok, err := quick().Verify(t.Context(), text, "password")
		if ok || !errors.Is(err, errHash) {
			t.Errorf("%s: %v, %v", text, ok, err)
		}
	}
}

// counting is a recipe that notes how many are computed at once.
type counting struct {
	now, most *atomic.Int32
	gate      chan struct{}
}

func (c counting) sum(string) ([]byte, error) {
	n := c.now.Add(1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	<-c.gate
	c.now.Add(-1)
	return nil, nil
}

func (counting) way() string       { return "counting" }
func (counting) turns() int        { return 1 }
func (c counting) with(int) recipe { return c }
func (counting) usual() bool       { return true }

func TestOnlyAFewAtOnce(t *testing.T) {
	h := &Hasher{Parallel: 2}
	c := counting{new(atomic.Int32), new(atomic.Int32), make(chan struct{})}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if _, err := h.compute(t.Context(), c, ""); err != nil {
				t.Error(err)
			}
		})
	}
	for range 6 {
		c.gate <- struct{}{}
	}
	wg.Wait()
	if most := c.most.Load(); most > 2 {
		t.Errorf("%d at once", most)
	}
}

func TestWaitingEndsWithTheRequest(t *testing.T) {
	h := &Hasher{Passes: 1, Memory: 64, Parallel: 1}
	text := hashOf(t, h, "x")
	h.slots <- struct{}{} // another one is being computed
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, hashErr := h.Hash(ctx, "x")
	_, verifyErr := h.Verify(ctx, text, "x")
	_, nobodyErr := h.Verify(ctx, "", "x")
	for _, err := range []error{hashErr, verifyErr, nobodyErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	<-h.slots
	if !verify(t, h, text, "x") {
		t.Error("the slot was lost")
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"scrypt:2:1:1$s$00112233445566778899aabbccddeeff", "pbkdf2:sha1:1$s$00112233445566778899aabbccddeeff",
		"pbkdf2_sha512$1$s$AAAAAAAAAAAAAAAAAAAAAA==",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, want, err := parse(text)
		if err != nil {
			return
		}
		if a, ok := r.(argon); ok {
			if a.phc(want) != text {
				t.Errorf("%q is written as %q", text, a.phc(want))
			}
			if a.memory > 1<<10 || a.passes > 2 {
				return // right, but slow
			}
		}
		if s, ok := r.(scrypted); ok && int64(s.n)*int64(s.r)*int64(s.p) > 1<<10 {
			return
		}
		if s, ok := r.(stretched); ok && s.count > 1000 {
			return
		}
		if got, err := r.sum("x"); err != nil || len(got) != len(want) {
			t.Errorf("%q: %d bytes, %v", text, len(got), err)
		}
	})
}
