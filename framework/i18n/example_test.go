package i18n_test

import (
	"fmt"
	"log"
	"testing/fstest"

	"github.com/dram-go/dram/framework/i18n"
)

// An app embeds its folder locales and passes it with fs.Sub.
var locales = fstest.MapFS{
	"en.toml": {Data: []byte(`
saved = "{0} was saved."
[answers]
one = "{n} answer"
other = "{n} answers"
`)},
	"ko.toml": {Data: []byte(`
saved = "{0:을/를} 저장했습니다."
answers = "답변 {n}개"
`)},
}

func Example() {
	texts, err := i18n.Load(locales, "en")
	if err != nil {
		log.Fatal(err) // names file and line
	}
	for _, header := range []string{"ko-KR,ko;q=0.9", "de"} {
		locale := texts.Negotiate(header)
		fmt.Println(locale, texts.T(locale, "saved", "README"), texts.T(locale, "answers", 1))
	}
	// Output:
	// ko README를 저장했습니다. 답변 1개
	// en README was saved. 1 answer
}

func ExampleParticle() {
	for _, word := range []string{"제목", "주소", "URL", "3"} {
		fmt.Println(word + i18n.Particle(word, "은/는"))
	}
	// Output:
	// 제목은
	// 주소는
	// URL은
	// 3은
}

// A plural has the forms of its language.
func ExampleCatalog_T_plural() {
	texts, err := i18n.Load(fstest.MapFS{"ru.toml": {Data: []byte(`
[answers]
one = "{n} ответ"
few = "{n} ответа"
many = "{n} ответов"
other = "{n} ответа"
`)}}, "ru")
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range []int{1, 3, 5, 22} {
		fmt.Println(texts.T("ru", "answers", n))
	}
	// Output:
	// 1 ответ
	// 3 ответа
	// 5 ответов
	// 22 ответа
}

// What one locale has and another lacks; dram check reports it.
func ExampleCatalog_Gaps() {
	texts, err := i18n.Load(fstest.MapFS{
		"en.toml": {Data: []byte("title = \"Questions\"\nsave = \"Save\"")},
		"ko.toml": {Data: []byte("title = \"질문\"")},
	}, "en")
	if err != nil {
		log.Fatal(err)
	}
	for _, gap := range texts.Gaps() {
		fmt.Println(gap.Where, gap.Locale, gap.Key)
	}
	// Output:
	// locales/en.toml:2 ko save
}
