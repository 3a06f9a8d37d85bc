// A simulated vCenter or ESXi host: govmomi's simulator with stand-ins for what it lacks. README.md tells which is which.
package main

import (
	gocontext "context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/vmware/govmomi/simulator"
	_ "github.com/vmware/govmomi/vapi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

var background = gocontext.Background()

// arguments are read before the model is made, for they say which one it is.
type arguments struct {
	esx            bool
	untilEOF       bool
	user, password string
	idle           time.Duration
}

func main() {
	s := &server{}
	s.machines.known, s.machines.files = map[types.ManagedObjectReference]*machine{}, map[string]use{}
	s.transfers.hosts, s.transfers.faults = map[string]*load{}, &s.faults
	model, args := readArguments(s)
	if err := model.Create(); err != nil {
		log.Fatal(err)
	}
	replacePropertyCollector()
	ready, err := s.start(model, args)
	if err != nil {
		log.Fatal(err)
	}
	told, _ := json.Marshal(ready)
	fmt.Printf("READY %s\n", told)
	waitForEnd(args.untilEOF)
	model.Remove()
}

func waitForEnd(untilEOF bool) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	if untilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop <- syscall.SIGTERM
		}()
	}
	<-stop
}

func readArguments(s *server) (*simulator.Model, arguments) {
	args := arguments{}
	counts := simulator.Model{}
	flag.BoolVar(&args.esx, "esx", false, "a host that stands alone")
	flag.BoolVar(&args.untilEOF, "until-eof", false, "ends when its standard input does, so that nobody leaves it behind")
	flag.StringVar(&args.user, "username", "", "")
	flag.StringVar(&args.password, "password", "", "")
	flag.DurationVar(&args.idle, "session-idle", 30*time.Minute, "sessions end when they are idle for so long")
	flag.DurationVar(&s.taskDelay, "task-delay", 0, "how long tasks that change machines run at least")
	flag.DurationVar(&s.leaseDelay, "lease-delay", 50*time.Millisecond, "until a lease is ready")
	flag.DurationVar(&s.leaseTimeout, "lease-timeout", 5*time.Minute, "until a lease ends without progress, in whole seconds")
	flag.IntVar(&s.areaCap, "area-cap", 2000, "most areas in an answer of QueryChangedDiskAreas")
	flag.IntVar(&pageCap, "page-cap", 100, "most objects in an answer, unasked (0: no cap)")
	flag.IntVar(&counts.Datacenter, "dc", 1, "")
	flag.IntVar(&counts.Cluster, "cluster", 1, "")
	flag.IntVar(&counts.ClusterHost, "host", 3, "hosts of each cluster")
	flag.IntVar(&counts.Host, "standalone-host", 0, "")
	flag.IntVar(&counts.Datastore, "ds", 1, "")
	flag.IntVar(&counts.Portgroup, "pg", 1, "distributed port groups")
	flag.IntVar(&counts.Machine, "vm", 0, "machines of govmomi's own, which are not like real ones")
	flag.Parse()
	if args.user == "" || args.password == "" || s.areaCap < 1 {
		log.Fatal("-username and -password are needed, and -area-cap is at least 1")
	}
	s.user, s.password = args.user, args.password
	if args.esx {
		model := simulator.ESX()
		model.Machine, model.Datastore = counts.Machine, counts.Datastore
		return model, args
	}
	model := simulator.VPX()
	model.Datacenter, model.Cluster, model.ClusterHost, model.Host = counts.Datacenter, counts.Cluster, counts.ClusterHost, counts.Host
	model.Datastore, model.Portgroup, model.Machine = counts.Datastore, counts.Portgroup, counts.Machine
	return model, args
}

func replacePropertyCollector() {
	collector := &PropertyCollector{}
	collector.Self = simulator.Map.Get(types.ManagedObjectReference{Type: "ServiceInstance", Value: "ServiceInstance"}).(*simulator.ServiceInstance).Content.PropertyCollector
	simulator.Map.Put(collector)
}

// readiness is what tests need to know.
type readiness struct {
	URL         string `json:"url"`
	Control     string `json:"control"`
	Fingerprint string `json:"fingerprint"`
	Certificate string `json:"certificate"`
}

func (s *server) start(model *simulator.Model, args arguments) (readiness, error) {
	certificate, err := newCertificate()
	if err != nil {
		return readiness{}, err
	}
	simulator.SessionIdleTimeout = args.idle
	service := model.Service
	service.Listen = &url.URL{Host: "127.0.0.1:0", User: url.UserPassword(args.user, args.password)}
	service.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	service.RegisterEndpoints = true
	running := service.NewServer()
	der := certificate.Certificate[0]
	s.thumbprint = colons(fmt.Sprintf("%X", sha1.Sum(der)))
	s.standIns = s.methods()
	s.inner = running.Config.Handler
	running.Config.Handler = s
	running.Config.ErrorLog = log.New(os.Stderr, "", 0)
	control, err := s.serveControl()
	if err != nil {
		return readiness{}, err
	}
	told := *running.URL
	told.User = nil
	return readiness{
		URL:         told.String(),
		Control:     control,
		Fingerprint: colons(fmt.Sprintf("%X", sha256.Sum256(der))),
		Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
	}, nil
}

func colons(hex string) string {
	var pairs []string
	for at := 0; at < len(hex); at += 2 {
		pairs = append(pairs, hex[at:at+2])
	}
	return strings.Join(pairs, ":")
}

func (s *server) methods() map[string]func(*call) soap.HasFault {
	return map[string]func(*call) soap.HasFault{
		"CreateVM_Task":                   s.createVM,
		"ReconfigVM_Task":                 s.reconfigVM,
		"Destroy_Task":                    s.forgetVM,
		"UnregisterVM":                    s.forgetVM,
		"PowerOnVM_Task":                  s.powerOn,
		"PowerOffVM_Task":                 s.powerOff,
		"ShutdownGuest":                   s.shutdownGuest,
		"CreateSnapshot_Task":             s.createSnapshot,
		"RemoveSnapshot_Task":             s.removeSnapshot,
		"RemoveAllSnapshots_Task":         s.removeAllSnapshots,
		"RevertToSnapshot_Task":           s.refuseRevert,
		"RevertToCurrentSnapshot_Task":    s.refuseRevert,
		"QueryChangedDiskAreas":           s.queryChangedDiskAreas,
		"ExportVm":                        s.exportVM,
		"ExportSnapshot":                  s.exportSnapshot,
		"CreateDescriptor":                s.createDescriptor,
		"HasPrivilegeOnEntities":          s.hasPrivilegeOnEntities,
		"ReconfigureComputeResource_Task": s.reconfigureCluster,
		"UpdateVAppConfig":                s.updateVApp,
	}
}
