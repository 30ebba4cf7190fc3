// One of each of the seven events besides samples, sent with franz-go.
//
//	go run ./events USER
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Event has the fields of one event.
type Event map[string]any

var events = []Event{
	{"type": "status", "agentId": "mailer-7", "status": "failed", "reason": "disk full"},
	{"type": "deployment", "agentId": "mailer-7", "deploymentId": "d-42", "status": "succeeded"},
	{"type": "payment", "paymentId": "p-1001", "amount": 1250, "currency": "EUR"},
	{"type": "booking", "bookingId": "b-17", "status": "completed"},
	{"type": "fan", "fanId": "f-3", "segment": "superfan"},
	{"type": "play", "playId": "pl-90", "listenerId": "l-8", "count": 2},
	{"type": "skill", "skillId": "translate", "active": true},
}

func main() {
	user := os.Args[1]
	topic := "fleet.events"
	if named, found := os.LookupEnv("FLEETGAUGE_EVENTS_TOPIC"); found {
		topic = named
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(os.Getenv("FLEETGAUGE_KAFKA_BOOTSTRAP"), ",")...),
		kgo.DefaultProduceTopic(topic),
		kgo.RequiredAcks(kgo.AllISRAcks()),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	now := time.Now().UTC()
	records := make([]*kgo.Record, 0, len(events))
	for _, event := range events {
		event["userId"], event["ts"] = user, now
		value, err := json.Marshal(event)
		if err != nil {
			log.Fatal(err)
		}
		// The key is the user, so that a user's events stay in order.
		records = append(records, &kgo.Record{Key: []byte(user), Value: value})
	}
	if err := client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
		log.Fatal(err)
	}
	log.Printf("%d events acknowledged", len(events))
}
