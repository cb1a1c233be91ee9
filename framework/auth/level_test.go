package auth

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

// Hashes of "비밀번호 4자", made by others.
const (
	scryptHash = "scrypt:32768:8:1$rpKSYg0GOf5LIKPF$e56103a5b5690d063fe44bc4610f45807c8cfd54d8ea8ff106b708cbecb4bd60619a54524d81ff520f90f37431cc7076a81a21afb7430555c61684f579ede21d"
	shortHash  = "pbkdf2:sha256:1000$hUCSQexLbfYkkNex$6f7418596a862c0594bdfee6d5c26e7a78d182b4543f6ad731222325aaa1471a"
	djangoHash = "pbkdf2_sha256$1000$Qd8rTzLw0aXbYc1e$9u7WV9TxFq7c5GRmOd3ZJ2nhfJSRLXIYPcz5r5EQA3s="
)

// longHash is of nobody's password, with more iterations.
var longHash = "pbkdf2:sha256:1500$salt$" + strings.Repeat("ab", 32)

// work is what a verification costs: turns of each way.
func work(t *testing.T, h *Hasher, hash, password string) (bool, map[string]int) {
	t.Helper()
	done := map[string]int{}
	h.did = func(r recipe) { done[r.way()] += r.turns() }
	defer func() { h.did = nil }()
	return verify(t, h, hash, password), done
}

func TestFailuresTakeTheSameWork(t *testing.T) {
	h := quick()
	own, outdated := hashOf(t, h, "x"), hashOf(t, &Hasher{Passes: 2, Memory: 64}, "x")
	_, alone := work(t, h, "", "wrong")
	if len(alone) != 1 {
		t.Errorf("a Hasher that knows no other way does %v", alone)
	}
	for _, hash := range []string{own, scryptHash, shortHash, longHash, outdated} {
		if err := h.Expect(hash); err != nil {
			t.Fatal(err)
		}
	}
	_, nobody := work(t, h, "", "wrong")
	if len(nobody) != 4 || nobody["pbkdf2 32,32"] != 1500 {
		t.Errorf("an unknown name takes %v, want the own way, the outdated one, scrypt and the longer pbkdf2", nobody)
	}
	for _, hash := range []string{own, scryptHash, shortHash, djangoHash, longHash, outdated} {
		if ok, done := work(t, h, hash, "wrong"); ok || !maps.Equal(done, nobody) {
			t.Errorf("the wrong password of %.20s… takes %v, an unknown name %v", hash, done, nobody)
		}
	}
	if ok, done := work(t, h, shortHash, "비밀번호 4자"); !ok || len(done) != 1 || done["pbkdf2 32,32"] != 1000 {
		t.Errorf("the right password takes %v", done)
	}
}

func TestVerifyLearnsWays(t *testing.T) {
	h := quick()
	_, first := work(t, h, scryptHash, "wrong")
	if _, nobody := work(t, h, "", "wrong"); len(first) != 2 || !maps.Equal(first, nobody) {
		t.Errorf("after an imported account (%v) an unknown name takes %v", first, nobody)
	}
}

func TestOddHashesMakeNothingDear(t *testing.T) {
	h := quick()
	for _, hash := range []string{
		"pbkdf2:sha256:9000000$salt$" + strings.Repeat("ab", 32),
		"scrypt:1048576:8:1$salt$" + strings.Repeat("ab", 32),
		"$argon2id$v=19$m=1048576,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=64,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	} {
		if err := h.Expect(hash); err != nil {
			t.Fatal(err)
		}
	}
	for size := range 2 * maxWays {
		if err := h.Expect("pbkdf2:sha1:1$salt$" + strings.Repeat("ab", 16+size)); err != nil {
			t.Fatal(err)
		}
	}
	if _, done := work(t, h, "", "wrong"); len(done) != 1+maxWays {
		t.Errorf("an unknown name takes %v", done)
	}
	if err := h.Expect("plain text"); !errors.Is(err, errHash) {
		t.Errorf("got %v", err)
	}
}
