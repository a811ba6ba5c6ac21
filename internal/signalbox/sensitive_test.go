package signalbox_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/signalbox/signalbox/internal/signalbox"
)

func TestSensitiveName(t *testing.T) { // P-27
	for _, name := range []string{
		"password", "Password", "PASSWORD", "userPassword", "user_password", "passwd", "secret", "clientSecret",
		"stripe-secret", "token", "accessToken", "access_token", "refreshToken", "nextPageToken", "apiKey", "api_key",
		"X-Api-Key", "x.api.key", "authorization", "Authorization", "cookie", "Set-Cookie", "ssn", "SSN",
		"creditCard", "credit_card_number", "cardNumber", "cvv", "CVC", "pin", "PIN", "privateKey", "iban", "IBAN",
		strings.Repeat("x", 1000) + "Password",
	} {
		require.True(t, signalbox.SensitiveName(name), name)
	}
	for _, name := range []string{
		"", "shipping", "spinning", "pinned", "total", "email", "ticketName", "passenger", "secretary", "tokenCount",
		"keyboard", "key", "monkey", "cookieBanner", "company", "ibanana", "ü", "id", "description",
	} {
		require.False(t, signalbox.SensitiveName(name), name)
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { signalbox.SensitiveName("customerAccessToken") }))
}
