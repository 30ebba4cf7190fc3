// An agent in Go that sends a sample each second with franz-go.
//
//	go run . USER [AGENT]
//
// SIGTERM or Ctrl-C delivers a last sample and ends it.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	mathrand "math/rand/v2"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/shirou/gopsutil/v4/process"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const (
	interval = time.Second
	// The buffer while the broker is unavailable: three hours. franz-go holds 10,000.
	mostWaiting = 9_999
)

// Counts since the previous sample.
type Counts struct {
	messages, errors int
	response         time.Duration
}

// Sample is the event that is sent.
type Sample struct {
	Type       string    `json:"type"`
	UserID     string    `json:"userId"`
	AgentID    string    `json:"agentId"`
	TS         time.Time `json:"ts"`
	CPU        float64   `json:"cpu"`
	Memory     float64   `json:"memory"`
	Messages   int       `json:"messages"`
	Errors     int       `json:"errors"`
	ResponseMs float64   `json:"responseMs,omitempty"`
}

func newClient() (*kgo.Client, error) {
	options := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(os.Getenv("FLEETGAUGE_KAFKA_BOOTSTRAP"), ",")...),
		kgo.DefaultProduceTopic(setting("FLEETGAUGE_SAMPLES_TOPIC", "fleet.samples")),
		// franz-go's defaults are all replicas, idempotence, Java's hash of keys, and retries for as
		// long as the broker is unavailable. What Fleetgauge requires is explicit here.
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		// Also wait for a missing topic.
		kgo.UnknownTopicRetries(-1),
	}
	security := setting("FLEETGAUGE_KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
	if strings.Contains(security, "SSL") {
		trusted, err := authorities(os.Getenv("FLEETGAUGE_KAFKA_CA_FILE"))
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(&tls.Config{RootCAs: trusted}))
	}
	if strings.HasPrefix(security, "SASL") {
		options = append(options, kgo.SASL(login()))
	}
	return kgo.NewClient(options...)
}

func setting(name, otherwise string) string {
	if value, found := os.LookupEnv(name); found {
		return value
	}
	return otherwise
}

// authorities returns the file's certificates, or nil for the system's if no file is named.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", file)
	}
	return pool, nil
}

func login() sasl.Mechanism {
	user, password := os.Getenv("FLEETGAUGE_KAFKA_USERNAME"), os.Getenv("FLEETGAUGE_KAFKA_PASSWORD")
	switch os.Getenv("FLEETGAUGE_KAFKA_SASL_MECHANISM") {
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism()
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism()
	default:
		return plain.Auth{User: user, Pass: password}.AsMechanism()
	}
}

// work is the agent's actual work: a message takes some milliseconds, and one in fifty fails.
func work(counts *Counts) {
	begun := time.Now()
	time.Sleep(time.Duration(5+mathrand.IntN(45)) * time.Millisecond)
	counts.messages++
	if mathrand.IntN(50) == 0 {
		counts.errors++
	}
	counts.response += time.Since(begun)
}

// Agent is the agent that is sampled.
type Agent struct {
	user, id           string
	process            *process.Process
	sent, acknowledged *atomic.Int64
}

// sample returns a record with a sample event of this process.
func (a Agent) sample(counts Counts) (*kgo.Record, error) {
	cpu, err := a.process.Percent(0)
	if err != nil {
		return nil, err
	}
	memory, err := a.process.MemoryPercent()
	if err != nil {
		return nil, err
	}
	event := Sample{
		Type: "sample", UserID: a.user, AgentID: a.id,
		TS: time.Now().UTC().Truncate(time.Microsecond),
		// Percent of all processors: one busy processor out of four is 25.
		CPU:    min(cpu/float64(runtime.NumCPU()), 100),
		Memory: float64(memory), Messages: counts.messages, Errors: counts.errors,
	}
	if counts.messages > 0 {
		event.ResponseMs = float64(counts.response.Microseconds()) / 1000 / float64(counts.messages)
	}
	value, err := json.Marshal(event)
	return &kgo.Record{Key: []byte(a.id), Value: value}, err
}

// send queues a sample without blocking, and resets the counts.
func (a Agent) send(client *kgo.Client, counts *Counts) error {
	if client.BufferedProduceRecords() >= mostWaiting {
		return nil // Full: these counts go into a later sample.
	}
	record, err := a.sample(*counts)
	if err != nil {
		return err
	}
	*counts = Counts{}
	a.sent.Add(1)
	client.TryProduce(context.Background(), record, func(_ *kgo.Record, err error) {
		if err == nil {
			a.acknowledged.Add(1)
		} else {
			log.Println("not acknowledged:", err)
		}
	})
	return nil
}

// run samples until stopping is done; an error if samples were not acknowledged.
func (a Agent) run(stopping context.Context, client *kgo.Client) error {
	log.Println("sampling as", a.id)
	var counts Counts
	for stopping.Err() == nil {
		if err := a.send(client, &counts); err != nil {
			return err
		}
		for due := time.Now().Add(interval); stopping.Err() == nil && time.Now().Before(due); {
			work(&counts)
		}
	}
	if err := a.send(client, &counts); err != nil {
		return err
	}
	patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	// Unacknowledged samples are reported below.
	_ = client.Flush(patience)
	acknowledged, sent := a.acknowledged.Load(), a.sent.Load()
	log.Printf("%d of %d samples acknowledged", acknowledged, sent)
	if acknowledged < sent {
		return errors.New("the others are lost")
	}
	return nil
}

// newAgent has a new id for each process: processes that share an id count as one agent and may
// lose samples.
func newAgent(words []string) (Agent, error) {
	if len(words) == 0 {
		return Agent{}, errors.New("usage: agent USER [AGENT]")
	}
	host, err := os.Hostname()
	if err != nil {
		return Agent{}, err
	}
	own, err := process.NewProcess(int32(os.Getpid()))
	id := fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])
	if len(words) > 1 {
		id = words[1]
	}
	return Agent{words[0], id, own, new(atomic.Int64), new(atomic.Int64)}, err
}

func main() {
	log.SetFlags(0)
	stopping, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	agent, err := newAgent(os.Args[1:])
	if err != nil {
		log.Fatal(err)
	}
	client, err := newClient()
	if err != nil {
		log.Fatal(err)
	}
	if err := agent.run(stopping, client); err != nil {
		log.Fatal(err)
	}
	client.Close()
}
