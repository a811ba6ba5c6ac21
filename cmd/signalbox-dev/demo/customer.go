package demo

import (
	"context"
	"time"

	"go.temporal.io/sdk/workflow"
)

// Message is what a customer would read.
type Message struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
}

// NotifyCustomer is for type customer: it writes a message and sends it.
func NotifyCustomer(ctx workflow.Context, in Input) (Result, error) {
	p, err := track(ctx, in)
	if err != nil {
		return Result{}, err
	}
	message, err := do[Message](ctx, p, "writing the message", "WriteMessage", in)
	if err != nil {
		return Result{}, err
	}
	if err := wait(ctx, p, "leaving time to change one's mind", 200*time.Millisecond); err != nil {
		return Result{}, err
	}
	r := in.result()
	r.Reference, err = do[string](ctx, p, "sending the message", "SendMessage", in, message)
	if err != nil {
		return Result{}, err
	}
	r.Outcome = "told " + message.To + ": " + message.Subject
	return p.finish(ctx, r), nil
}

// WriteMessage chooses the words by operation.
func (Activities) WriteMessage(_ context.Context, in Input) (Message, error) {
	to, ok := in.Payload.fields().text("email", "customerEmail", "name", "customerName")
	if !ok {
		to = in.Payload.ID
	}
	subject := map[string]string{
		"milestone_reached":  "thank you for staying with us",
		"payment_overdue":    "a payment is waiting for you",
		"preference_updated": "your preferences are saved",
		"complaint_received": "we have read your complaint",
	}[in.Event.Operation]
	if subject == "" {
		subject = "news about " + in.Event.Name()
	}
	return Message{To: to, Subject: subject}, nil
}

// SendMessage answers with the message's number.
func (Activities) SendMessage(_ context.Context, in Input, _ Message) (string, error) {
	return reference("MSG", in), nil
}
