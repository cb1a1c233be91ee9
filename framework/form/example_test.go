package form_test

import (
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/dram-go/dram/framework/form"
)

// Signup is what a visitor fills in.
type Signup struct {
	Name     string `form:"name" label:"Name" validate:"required,min=3" unique:"user.name"`
	Password string `form:"password" input:"password" validate:"required,min=8" autocomplete:"new-password"`
	Admin    bool   // without a form tag: nobody can set it from outside
}

// taken is what a database package may return for a unique violation.
type taken string

func (t taken) Error() string  { return "unique violation: " + string(t) }
func (t taken) Unique() string { return string(t) }

// create stands for the store.
func create(s Signup) error {
	if s.Name == "admin" {
		return taken("user.name")
	}
	return nil
}

var page = template.Must(template.New("").Funcs(template.FuncMap{"field": form.HTML}).Parse(
	`<form method="post">{{field . "name"}}{{field . "password"}}<button>Sign up</button></form>`))

// signUp serves GET and POST with nothing but net/http.
func signUp(w http.ResponseWriter, r *http.Request) {
	f, err := form.Parse[Signup](w, r, form.Options{})
	if err != nil {
		status := http.StatusInternalServerError
		if known, ok := errors.AsType[interface {
			error
			StatusCode() int
		}](err); ok {
			status = known.StatusCode()
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	if f.OK() {
		err := create(f.Value)
		if err == nil {
			http.Redirect(w, r, "/welcome", http.StatusSeeOther)
			return
		}
		if !f.Claims(err) {
			http.Error(w, "try again later", http.StatusInternalServerError)
			return
		}
	}
	if f.Invalid() {
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
	if err := page.Execute(w, f); err != nil {
		log.Print(err)
	}
}

// The whole life of a form with net/http, or a router that speaks it.
func Example_netHTTP() {
	post := func(values url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/signup", strings.NewReader(values.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		signUp(w, r)
		return w
	}
	w := post(url.Values{"name": {"admin"}, "password": {"correct horse"}, "Admin": {"true"}})
	fmt.Println(w.Code)
	fmt.Println(w.Body)
	w = post(url.Values{"name": {"kim"}, "password": {"correct horse"}})
	fmt.Println(w.Code, w.Header().Get("Location"))
	// Output:
	// 422
	// <form method="post"><div class="field field-invalid">
	// <label for="name">Name</label>
	// <input type="text" id="name" name="name" required minlength="3" aria-invalid="true" aria-describedby="name-error" value="admin">
	// <p class="field-error" id="name-error">Name is already taken.</p>
	// </div>
	// <div class="field">
	// <label for="password">Password</label>
	// <input type="password" id="password" name="password" required minlength="8" autocomplete="new-password">
	// </div>
	// <button>Sign up</button></form>
	// 303 /welcome
}

func ExampleParse_json() {
	r := httptest.NewRequest("POST", "/signup", strings.NewReader(`{"name": "ab", "password": 12345678, "Admin": true}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", "ko")
	_, err := form.Parse[Signup](nil, r, form.Options{})
	var fields form.Errors
	if errors.As(err, &fields) {
		fmt.Println(fields.StatusCode(), fields["name"], fields["password"])
	}
	// Output: 422 [Name은 3자 이상이어야 합니다.] [Password는 문자열이어야 합니다.]
}

func ExampleForm_SetOptions() {
	type move struct {
		Board int64 `form:"board" validate:"required"`
	}
	f := form.New(move{Board: 2}, form.Options{})
	f.SetOptions("board", form.Choice{Value: "1", Label: "News"}, form.Choice{Value: "2", Label: "Talk"})
	html, err := form.HTML(f, "board")
	fmt.Println(html, err)
	// Output:
	// <div class="field">
	// <label for="board">Board</label>
	// <select id="board" name="board" required>
	// <option value=""></option>
	// <option value="1">News</option>
	// <option value="2" selected>Talk</option>
	// </select>
	// </div>
	//  <nil>
}

// An edit page shows what is there and takes only what the form has.
func ExampleEdit() {
	stored := Signup{Name: "hong", Password: "correct horse", Admin: true}
	r := httptest.NewRequest(http.MethodPatch, "/", strings.NewReader("name=gildong&Admin=false"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	f, err := form.Edit(httptest.NewRecorder(), r, stored, form.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(f.OK(), f.Value.Name, f.Value.Password, f.Value.Admin)
	// Output:
	// true gildong correct horse true
}
