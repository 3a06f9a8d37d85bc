package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

const (
	apiPrefix      = "/api/"
	apiSessionPath = "/api/session"
	apiTagging     = "/api/cis/tagging/"
	restTagging    = "/rest/com/vmware/cis/tagging/"
)

// serveAPI answers the newer form of the REST interface, which govmomi does not have, with what it has in the older one:
// answers have nothing around them, ids and actions are written plainly, and what is made is told with 201.
func (s *server) serveAPI(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	path, making := olderPath(r), false
	if path == "" {
		http.NotFound(w, r)
		return
	}
	action := r.URL.Query().Get("action")
	if action != "" {
		path += "?~action=" + action
	} else if r.Method == http.MethodPost {
		making = true
		if strings.HasPrefix(path, restTagging) {
			body = []byte(`{"create_spec":` + string(body) + `}`)
		}
	}
	older := httptest.NewRequest(r.Method, path, bytes.NewReader(body))
	older.Header = r.Header.Clone()
	kept := httptest.NewRecorder()
	if path == restSessionPath && making {
		s.rest.open(kept, older, s)
	} else {
		s.inner.ServeHTTP(kept, older)
	}
	answerPlainly(w, kept, making)
}

func olderPath(r *http.Request) string {
	if r.URL.Path == apiSessionPath {
		return restSessionPath
	}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, apiTagging), "/")
	if !strings.HasPrefix(r.URL.Path, apiTagging) || len(parts) > 2 {
		return ""
	}
	path := restTagging + parts[0]
	if len(parts) == 2 {
		path += "/id:" + parts[1]
	}
	return path
}

func answerPlainly(w http.ResponseWriter, kept *httptest.ResponseRecorder, making bool) {
	if kept.Code != http.StatusOK {
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
		return
	}
	var told struct{ Value json.RawMessage }
	if json.Unmarshal(kept.Body.Bytes(), &told) != nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if string(told.Value) == "null" {
		told.Value = json.RawMessage("[]")
	}
	w.Header().Set("Content-Type", "application/json")
	if making {
		w.WriteHeader(http.StatusCreated)
	}
	_, _ = w.Write(told.Value)
}
