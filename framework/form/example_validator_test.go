package form_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/dram-go/dram/framework/form"
)

// Contact is a form of which one of two fields has to be filled in.
type Contact struct {
	Phone string `form:"phone"`
	Email string `form:"email" validate:"omitempty,email"`
}

// Validate is called after the rules of the tags.
func (c *Contact) Validate(p *form.Problems) {
	if c.Phone == "" && c.Email == "" && !p.Has("email") {
		p.Add("phone", "required")
	}
}

func ExampleValidator() {
	for _, body := range []string{"phone=1", "", "email=nobody"} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		f, err := form.Parse[Contact](httptest.NewRecorder(), r, form.Options{Locale: "en"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v %q %q\n", f.OK(), f.Error("phone"), f.Error("email"))
	}
	// Output:
	// true "" ""
	// false "Phone is required." ""
	// false "" "Email must be an email address."
}
