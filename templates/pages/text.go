package pages

import "net/http"

// text is what a page says in one locale.
type text struct{ title, sentence string }

// Text returns the title and the sentence for a status in a locale, for
// answers that are no HTML. A status we have no words for gets those of its
// class, 400 or 500, and in English the title that HTTP gives it.
func Text(status int, locale string) (title, sentence string) {
	texts := english
	if known(locale) == Korean {
		texts = korean
	}
	if t, ok := texts[status]; ok {
		return t.title, t.sentence
	}
	t := texts[http.StatusInternalServerError]
	if status >= 400 && status < 500 {
		t = texts[http.StatusBadRequest]
	}
	if usual := http.StatusText(status); usual != "" && known(locale) == English {
		t.title = usual
	}
	return t.title, t.sentence
}

var english = map[int]text{
	400: {"Bad request", "The server could not understand this request."},
	401: {"Please log in", "You need to log in to see this page."},
	403: {"Not allowed", "You do not have permission to do this."},
	404: {"Page not found", "There is nothing at this address. It may have moved, or the link may be wrong."},
	405: {"Method not allowed", "This address does not take requests of this kind."},
	408: {"Request timed out", "The request took too long to arrive. Please try again."},
	409: {"Conflict", "Somebody else changed this in the meantime. Please look again and repeat your change."},
	410: {"Gone", "What was here has been removed for good."},
	413: {"Too large", "What you sent is larger than this site accepts."},
	414: {"Address too long", "This address is longer than the server accepts."},
	415: {"Unsupported format", "The server does not understand the format of what you sent."},
	421: {"No such site", "No site of this name is served here. Please check the address."},
	422: {"Not accepted", "Something in what you sent is missing or wrong."},
	429: {"Too many requests", "You were faster than this site allows. Please wait a moment."},
	431: {"Request head too large", "Your browser sent more header data than the server accepts. Deleting the cookies of this site may help."},
	500: {"Something went wrong", "The error is ours and has been recorded. Please try again in a moment."},
	501: {"Not implemented", "The server cannot do this."},
	502: {"No answer", "The application did not finish its answer. If you sent a form, check whether it arrived before you send it again."},
	503: {"One moment, please", "The application is starting or very busy. Please try again in a few seconds."},
	504: {"This takes too long", "The application did not answer in time. Please try again in a moment."},
}

var korean = map[int]text{
	400: {"잘못된 요청입니다", "서버가 이 요청을 이해하지 못했습니다."},
	401: {"로그인이 필요합니다", "이 페이지를 보려면 로그인해 주세요."},
	403: {"권한이 없습니다", "이 작업을 할 수 있는 권한이 없습니다."},
	404: {"페이지를 찾을 수 없습니다", "이 주소에는 아무것도 없습니다. 옮겨졌거나 링크가 잘못되었을 수 있습니다."},
	405: {"허용되지 않는 방식입니다", "이 주소는 이런 요청을 받지 않습니다."},
	408: {"요청 시간이 초과되었습니다", "요청이 도착하는 데 너무 오래 걸렸습니다. 다시 시도해 주세요."},
	409: {"내용이 서로 어긋났습니다", "그 사이에 다른 사람이 내용을 바꾸었습니다. 다시 확인한 뒤 시도해 주세요."},
	410: {"삭제된 페이지입니다", "여기에 있던 내용은 완전히 삭제되었습니다."},
	413: {"용량이 너무 큽니다", "보내신 내용이 이 사이트에서 받을 수 있는 크기를 넘었습니다."},
	414: {"주소가 너무 깁니다", "서버가 받을 수 있는 길이를 넘은 주소입니다."},
	415: {"지원하지 않는 형식입니다", "보내신 내용의 형식을 서버가 이해하지 못합니다."},
	421: {"없는 사이트입니다", "이곳에는 이 이름의 사이트가 없습니다. 주소를 확인해 주세요."},
	422: {"받아들일 수 없는 내용입니다", "보내신 내용에 빠졌거나 잘못된 부분이 있습니다."},
	429: {"요청이 너무 많습니다", "허용된 횟수를 넘었습니다. 잠시 기다려 주세요."},
	431: {"요청 헤더가 너무 큽니다", "브라우저가 보낸 헤더가 너무 큽니다. 이 사이트의 쿠키를 지우면 해결될 수 있습니다."},
	500: {"문제가 생겼습니다", "저희 쪽 오류이며 기록해 두었습니다. 잠시 후 다시 시도해 주세요."},
	501: {"지원하지 않는 기능입니다", "서버가 이 요청을 처리할 수 없습니다."},
	502: {"응답을 받지 못했습니다", "애플리케이션이 응답을 끝내지 못했습니다. 무언가를 보내셨다면, 다시 보내기 전에 반영되었는지 확인해 주세요."},
	503: {"잠시만 기다려 주세요", "애플리케이션이 시작하는 중이거나 매우 바쁩니다. 몇 초 뒤에 다시 시도해 주세요."},
	504: {"응답이 너무 늦습니다", "애플리케이션이 제때 응답하지 않았습니다. 잠시 후 다시 시도해 주세요."},
}

// words are the few texts around the sentence.
type words struct {
	home, again, id    string
	maintenance, pause string
}

var around = map[string]words{
	English: {
		home: "To the start page", again: "Try again", id: "Reference",
		maintenance: "Back soon",
		pause:       "This site is being worked on and will be back in a little while.",
	},
	Korean: {
		home: "처음으로", again: "다시 시도", id: "요청 번호",
		maintenance: "점검 중입니다",
		pause:       "지금은 사이트를 점검하고 있습니다. 곧 다시 열리니 잠시만 기다려 주세요.",
	},
}
