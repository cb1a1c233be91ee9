package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// sample is a question that an empty board is filled with.
type sample struct {
	subject, content string
	created          time.Time
	answers          []sampleAnswer
}

type sampleAnswer struct {
	content string
	created time.Time
}

// samples returns n questions, oldest first, asked at irregular intervals up
// to now. The same n gives the same board: every situation meets every
// subject, in an order that looks like chance.
func samples(n int, now time.Time) []sample {
	chance := rand.New(rand.NewPCG(2026, 11))
	order := chance.Perm(len(subjects) * len(situations))
	list := make([]sample, n)
	at := now
	for i := n - 1; i >= 0; i-- { // backwards: the newest was asked just now
		at = at.Add(-time.Duration(10+chance.IntN(600)) * time.Minute)
		pick := order[i%len(order)]
		list[i] = newSample(subjects[pick%len(subjects)], situations[pick/len(subjects)], at, now, chance)
		if round := i / len(order); round > 0 {
			list[i].subject += fmt.Sprintf(" (%d)", round+1)
		}
	}
	return list
}

func newSample(about string, s situation, at, now time.Time, chance *rand.Rand) sample {
	fill := strings.NewReplacer("{x}", about).Replace
	q := sample{subject: fill(s.subject), content: fill(s.content), created: at}
	for _, i := range chance.Perm(len(s.answers))[:chance.IntN(len(s.answers)+1)] {
		at = at.Add(time.Duration(3+chance.IntN(180)) * time.Minute)
		if at.After(now) {
			break
		}
		q.answers = append(q.answers, sampleAnswer{fill(s.answers[i]), at})
	}
	return q
}

// subjects are what the sample questions are about. In the texts {x} stands
// for one of them, never followed by a particle that depends on its sound.
var subjects = []string{
	"Flask 블루프린트", "Django ORM", "SQLAlchemy 세션", "Jinja 템플릿",
	"Go 고루틴", "Go 채널", "Go context 패키지", "net/http 미들웨어",
	"html/template", "SQLite WAL 모드", "PostgreSQL 인덱스", "Redis 캐시",
	"Nginx 리버스 프록시", "gunicorn 워커", "systemd 서비스", "Docker 이미지",
	"GitHub Actions", "Git 리베이스", "pytest 픽스처", "Go 테이블 테스트",
	"REST API", "웹소켓", "세션 쿠키", "CSRF 방어",
	"비밀번호 해시", "파일 업로드", "페이징 쿼리", "전문 검색",
	"부트스트랩 폼", "CSS 그리드", "TypeScript 타입", "정규식",
}

// situation is something that happens with any subject.
type situation struct {
	subject, content string
	answers          []string
}

var situations = []situation{
	{
		"{x}, 처음이라면 무엇부터 보면 좋을까요?",
		"점프 투 시리즈로 웹 개발을 시작한 초보입니다.\n책에서 {x} 이야기가 나왔는데 개념이 잘 잡히지 않습니다.\n\n공식 문서를 처음부터 읽는 것이 나을까요, 아니면 작은 예제를 먼저 만들어 보는 것이 나을까요?",
		[]string{
			"저는 작은 예제를 먼저 만들어 봤습니다. 막히는 곳이 생겼을 때 문서를 보니 훨씬 잘 읽히더군요.",
			"공식 문서의 튜토리얼만 한 번 끝까지 따라 해 보세요. 하루면 충분합니다.",
			"남이 만든 코드를 읽는 것도 좋습니다. 이 게시판 코드도 길지 않으니 추천합니다.",
			"처음에는 왜 필요한지부터 이해하는 것이 중요합니다. {x} 없이 먼저 만들어 보면 필요한 이유가 보입니다.",
		},
	},
	{
		"{x} 사용 중 메모리 사용량이 계속 늘어납니다",
		"운영 서버를 며칠 켜 두면 메모리가 조금씩 늘어납니다.\n{x} 관련 코드를 넣은 다음부터인 것 같은데 확신이 없습니다.\n\n어디부터 확인하면 좋을까요?",
		[]string{
			"추측하지 말고 먼저 재 보세요. Go라면 pprof, 파이썬이라면 tracemalloc이 있습니다.",
			"닫지 않은 연결이나 파일이 없는지 확인해 보세요. 제 경우에는 그것이 원인이었습니다.",
			"요청마다 전역 목록에 값을 더하고 있지는 않은지 보세요. 생각보다 흔한 실수입니다.",
		},
	},
	{
		"{x} 성능을 측정하는 좋은 방법이 있나요?",
		"느리다는 말은 많은데 기준이 제각각입니다.\n{x} 부분만 따로 떼어서 재고 싶은데, 다들 어떤 방법을 쓰시는지 궁금합니다.",
		[]string{
			"한 번 잰 값은 믿지 마세요. 같은 장비에서 번갈아 여러 번 재고 중앙값을 보는 것이 좋습니다.",
			"평균보다 p99를 보세요. 사용자가 기억하는 것은 가장 느렸던 순간입니다.",
			"먼저 전체 시간 중에서 차지하는 비중을 보세요. 3%짜리를 두 배 빠르게 해도 티가 나지 않습니다.",
			"wrk로 부하를 주고 프로파일러를 함께 돌리면 대체로 답이 나옵니다.",
		},
	},
	{
		"{x} 테스트는 어떻게 작성하시나요?",
		"테스트를 쓰려고 하니 준비할 것이 너무 많습니다.\n{x} 부분은 가짜로 바꿔야 할지, 실제로 돌려야 할지 고민입니다.",
		[]string{
			"빠르게 돌릴 수 있다면 실제로 돌리는 편입니다. 가짜는 결국 실제와 달라지더군요.",
			"일부러 코드를 망가뜨렸을 때 실패하지 않는 테스트는 지웁니다.",
			"경계만 가짜로 바꾸고 나머지는 그대로 둡니다. 시간과 난수 정도면 충분했습니다.",
		},
	},
	{
		"{x}, 실무에서 자주 하는 실수가 궁금합니다",
		"곧 첫 서비스를 내놓습니다. {x} 쪽에서 미리 알았더라면 좋았을 실수가 있다면 알려 주세요.",
		[]string{
			"기본값을 그대로 믿은 것이 가장 컸습니다. 제한 시간이 무제한인 경우가 많습니다.",
			"오류를 삼키지 마세요. 로그 한 줄이 새벽 세 시간을 아껴 줍니다.",
			"사용자 입력을 그대로 쓰는 곳이 없는지 한 번 더 보세요.",
			"되돌리는 방법을 먼저 연습해 두세요. 배포는 그다음입니다.",
			"문서에 적힌 예제와 실제 운영 설정은 다릅니다. 꼭 따로 확인하세요.",
		},
	},
	{
		"{x} 버전을 올린 뒤 오류가 납니다",
		"어제까지 잘 되던 코드입니다.\n버전만 올렸는데 {x} 쪽에서 오류가 납니다. 변경 기록을 읽어 봤지만 원인을 못 찾겠습니다.\n\n비슷한 일을 겪은 분 계신가요?",
		[]string{
			"git bisect로 어느 커밋부터인지 먼저 찾아보세요. 금방 끝납니다.",
			"의존성 파일의 차이를 보세요. 직접 올리지 않은 것도 함께 올라갔을 수 있습니다.",
			"최소한의 코드로 다시 만들어 보면 대부분 그 과정에서 원인이 보입니다.",
		},
	},
	{
		"{x} 설정을 개발용과 운영용으로 나누는 방법",
		"지금은 파일 하나에 모든 설정이 들어 있습니다.\n{x} 설정만이라도 개발용과 운영용을 나누고 싶은데 어떤 방식이 좋을까요?",
		[]string{
			"기본값은 코드에, 환경마다 다른 값은 환경 변수에 두는 방식을 씁니다.",
			"비밀 값은 저장소에 절대 올리지 마세요. 한 번 올라가면 바꾸는 수밖에 없습니다.",
			"어떤 값이 어디에서 왔는지 출력하는 명령이 있으면 정말 편합니다.",
		},
	},
	{
		"{x} 관련 로그, 어디까지 남기시나요?",
		"로그를 너무 많이 남기니 정작 필요한 것을 찾기 어렵습니다.\n{x} 부분에서 꼭 남겨야 하는 것은 무엇일까요?",
		[]string{
			"요청 번호 하나만 모든 줄에 붙여도 찾기가 훨씬 쉬워집니다.",
			"사람이 읽을 문장보다 키와 값으로 남기는 편이 나중에 편합니다.",
			"정상일 때는 한 줄, 이상할 때는 자세히. 이 원칙 하나로 정리했습니다.",
			"비밀번호나 쿠키가 섞이지 않도록 조심하세요.",
		},
	},
	{
		"{x} 대신 쓸 만한 것이 있을까요?",
		"팀에서 {x} 도입을 두고 의견이 갈립니다.\n다른 선택지와 비교해 본 분이 계시다면 경험을 듣고 싶습니다.",
		[]string{
			"팀이 이미 잘 아는 것이 대체로 정답이었습니다.",
			"두 가지로 작은 기능을 하나씩 만들어 보고 정했습니다. 회의보다 빨랐습니다.",
			"3년 뒤에도 관리되고 있을지를 먼저 봅니다. 최근 커밋과 이슈를 보면 감이 옵니다.",
		},
	},
	{
		"{x}, 배포할 때 주의할 점이 있을까요?",
		"처음으로 직접 서버에 올려 봅니다.\n로컬에서는 문제가 없었는데 {x} 쪽이 운영에서도 그대로 동작할지 걱정입니다.",
		[]string{
			"새 프로세스가 준비된 것을 확인하고 나서 예전 것을 끄세요. 순서가 바뀌면 요청을 잃습니다.",
			"운영과 같은 권한으로 한 번 돌려 보세요. 파일 권한 문제가 가장 많습니다.",
			"시간대와 문자 인코딩을 확인하세요. 로컬과 다른 경우가 많습니다.",
			"먼저 되돌리는 연습부터 해 보시길 권합니다.",
		},
	},
}
