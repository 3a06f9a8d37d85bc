package main

import (
	"net/http"
	"path"
	"strings"

	"github.com/vmware/govmomi/simulator"
)

const folderPrefix = "/folder/"

// serveFolder adds to govmomi's access to datastores what ESXi has: it asks who is there, and files that a running
// machine writes to are locked.
func (s *server) serveFolder(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if !loggedIn(r) && (user != s.user || password != s.password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="VMware HTTP server"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	used, isDisk := s.userOf(r.URL.Query().Get("dsName"), strings.TrimPrefix(r.URL.Path, folderPrefix))
	if r.Method == http.MethodHead || !isDisk {
		s.inner.ServeHTTP(w, r)
		return
	}
	if used.machine.running() && used.isTop() {
		http.Error(w, "The file is locked.", http.StatusInternalServerError)
		return
	}
	sent := s.transfers.begin("folder", r.URL.Path, used.machine.hostName())
	defer sent.end()
	s.inner.ServeHTTP(sent.through(w), r)
}

func (u use) isTop() bool {
	u.disk.mu.RLock()
	defer u.disk.mu.RUnlock()
	return u.disk.top() == u.layer
}

// userOf finds whose file it is in any datastore of that name.
func (s *server) userOf(datastore, file string) (use, bool) {
	for _, entity := range simulator.Map.All("Datastore") {
		store := entity.(*simulator.Datastore)
		if store.Name != datastore {
			continue
		}
		if used, ok := s.machines.user(path.Join(store.Info.GetDatastoreInfo().Url, file)); ok {
			return used, true
		}
	}
	return use{}, false
}
