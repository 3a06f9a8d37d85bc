package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// server is what clients meet: govmomi's simulator, with stand-ins for the calls that it lacks or only pretends to do.
type server struct {
	inner          http.Handler
	user, password string
	thumbprint     string
	standIns       map[string]func(*call) soap.HasFault

	taskDelay    time.Duration
	leaseDelay   time.Duration
	leaseTimeout time.Duration
	areaCap      int

	machines  machines
	leases    sync.Map
	rest      restSessions
	faults    faults
	transfers transfers
	log       callLog

	privileges privileges
}

// call is a request for a stand-in, which answers nil if it is govmomi's after all.
type call struct {
	asked
	request interface{}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case path == "/sdk" && r.Method == http.MethodPost:
		s.serveSOAP(w, r)
	case strings.HasPrefix(path, folderPrefix):
		s.log.add(r, r.Method+" "+path, r.Header.Get("Range"))
		s.serveFolder(w, r)
	case strings.HasPrefix(path, nfcPrefix):
		s.log.add(r, r.Method+" "+path, "")
		s.serveNFC(w, r)
	case path == restSessionPath && r.Method == http.MethodPost && r.URL.Query().Get("~action") == "":
		s.log.add(r, r.Method+" "+path, "")
		s.rest.open(w, r, s)
	case strings.HasPrefix(path, apiPrefix) && !simulator.Map.IsESX():
		s.log.add(r, r.Method+" "+path, "")
		if status := s.faults.takeCall("status", r.Method+" "+path); status != nil {
			w.WriteHeader(status.Status)
			return
		}
		s.serveAPI(w, r)
	default:
		s.log.add(r, r.Method+" "+path, "")
		s.inner.ServeHTTP(w, r)
	}
}

func (s *server) serveSOAP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	wanted, ok := readAsked(body)
	if !ok {
		s.inner.ServeHTTP(w, r)
		return
	}
	s.log.add(r, wanted.method, wanted.this.Value)
	if s.goWrong(w, wanted) {
		return
	}
	if standIn := s.standIns[wanted.method]; standIn != nil && loggedIn(r) {
		if request, err := simulator.UnmarshalBody(types.TypeFunc(), body); err == nil {
			if answered := standIn(&call{wanted, request.Body}); answered != nil {
				answer(w, answered)
				return
			}
		}
	}
	s.inner.ServeHTTP(w, r)
}

// goWrong does what the faults that wait for this method say; it tells whether the call is answered by that.
func (s *server) goWrong(w http.ResponseWriter, wanted asked) bool {
	if slow := s.faults.takeCall("slow", wanted.method); slow != nil {
		pause(slow.Ms)
	}
	if s.faults.takeCall("hangUp", wanted.method) != nil {
		panic(http.ErrAbortHandler)
	}
	if status := s.faults.takeCall("status", wanted.method); status != nil {
		w.WriteHeader(status.Status)
		return true
	}
	failing := s.faults.takeCall("fail", wanted.method)
	if failing == nil {
		return false
	}
	fault, err := vimFault(failing.Fault)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return true
	}
	if failing.InTask {
		task := s.startTask(wanted.this, strings.TrimSuffix(wanted.method, "_Task"), func() (types.AnyType, types.BaseMethodFault) {
			return nil, fault
		})
		answerTask(w, wanted.method, task)
		return true
	}
	message := failing.Message
	if message == "" {
		message = messageOf(fault)
	}
	answerFault(w, simulator.Fault(message, fault))
	return true
}

func notSupported(message string) soap.HasFault {
	return &refusal{simulator.Fault(message, &types.NotSupported{})}
}

type refusal struct{ fault *soap.Fault }

func (r *refusal) Fault() *soap.Fault { return r.fault }

// callLog keeps what was asked, in order.
type callLog struct {
	mu    sync.Mutex
	calls []logged
}

type logged struct {
	At        time.Time `json:"at"`
	Call      string    `json:"call"`
	On        string    `json:"on"`
	UserAgent string    `json:"userAgent"`
}

func (l *callLog) add(r *http.Request, what, on string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, logged{time.Now(), what, on, r.UserAgent()})
}

func (l *callLog) all() []logged {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]logged{}, l.calls...)
}
