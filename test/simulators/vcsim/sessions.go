package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	restSessionPath   = "/rest/com/vmware/cis/session"
	restSessionHeader = "vmware-api-session-id"
)

// ownSession is whom this program itself is when it calls govmomi's objects.
var ownSession = &simulator.Session{
	UserSession: types.UserSession{Key: "simulator", UserName: "simulator"},
	Registry:    simulator.NewRegistry(),
}

func sessionManager() *simulator.SessionManager {
	ref := simulator.Map.SessionManager().Self
	asker := simulator.Session{UserSession: ownSession.UserSession, Registry: simulator.NewRegistry()}
	return asker.Get(ref).(*simulator.SessionManager)
}

func sessions() []types.UserSession { return sessionManager().SessionList }

func loggedIn(r *http.Request) bool {
	cookie, err := r.Cookie(soap.SessionCookieName)
	if err != nil {
		return false
	}
	for _, session := range sessions() {
		if session.Key == strings.Trim(cookie.Value, `"`) {
			return true
		}
	}
	return false
}

// dropSessions ends everybody's session, as a vCenter that restarts does.
func (s *server) dropSessions() {
	manager := sessionManager()
	request := &types.TerminateSession{}
	for _, session := range manager.SessionList {
		request.SessionId = append(request.SessionId, session.Key)
	}
	manager.TerminateSession(&simulator.Context{Session: ownSession}, request)
	s.rest.drop(s.inner)
}

// restSessions adds to govmomi's REST sessions a look at the password, and an end.
type restSessions struct {
	mu   sync.Mutex
	keys []string
}

// open answers a login over REST. govmomi takes any name and password.
func (r *restSessions) open(w http.ResponseWriter, request *http.Request, s *server) {
	user, password, _ := request.BasicAuth()
	if user != s.user || password != s.password {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	kept := httptest.NewRecorder()
	s.inner.ServeHTTP(kept, request)
	var told struct{ Value string }
	if json.Unmarshal(kept.Body.Bytes(), &told) == nil {
		r.mu.Lock()
		r.keys = append(r.keys, told.Value)
		r.mu.Unlock()
	}
	for name, values := range kept.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(kept.Code)
	_, _ = w.Write(kept.Body.Bytes())
}

func (r *restSessions) drop(inner http.Handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range r.keys {
		request := httptest.NewRequest(http.MethodDelete, restSessionPath, nil)
		request.Header.Set(restSessionHeader, key)
		inner.ServeHTTP(httptest.NewRecorder(), request)
	}
	r.keys = nil
}
