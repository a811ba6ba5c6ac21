package signalbox

import "strings"

// SensitiveName tells of the name of a member whether its value is likely a secret
// (P-27). Case, and whatever is neither letter nor digit, do not matter, nor do the
// words around the telling one where that is at the end: userPassword, X-Api-Key
// and stripe_secret are names of secrets as well.
//
// It is called for every step of every path that a decision tells of, and so does
// not allocate.
func SensitiveName(key string) bool {
	var buffer [maxSensitive]byte
	name := buffer[:0]
	// Of a longer name the end alone is looked at.
	for i := max(0, len(key)-maxSensitive); i < len(key); i++ {
		switch c := key[i]; {
		case 'A' <= c && c <= 'Z':
			name = append(name, c|0x20)
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			name = append(name, c)
		}
	}
	if _, whole := sensitiveNames[string(name)]; whole {
		return true
	}
	for from := range name {
		if _, tail := sensitiveTails[string(name[from:])]; tail {
			return true
		}
	}
	return false
}

// maxSensitive is how many bytes of a name's end are looked at.
const maxSensitive = 64

// sensitiveNames are names that tell of a secret only where they are the whole: shipping
// is no pin.
var sensitiveNames = words(`
	auth bearer cookie cookies csc cvc cvc2 cvv cvv2 iban jwt otp pin pincode pwd sessionid
	ssn taxid totp
`)

// sensitiveTails are words that tell of a secret wherever a name ends with them.
var sensitiveTails = words(`
	accesskey accesskeyid accountnumber apikey apikeys authcode authorization bankaccount cardnumber
	clientsecret creditcard creditcardnumber credential credentials debitcard encryptionkey
	passphrase passport passportnumber passwd password passwordhash passwords privatekey
	recoverycode routingnumber secret secretkey secrets securitycode setcookie signingkey
	socialsecuritynumber sshkey token
`)

func words(text string) map[string]struct{} {
	m := make(map[string]struct{})
	for word := range strings.FieldsSeq(text) {
		m[word] = struct{}{}
	}
	return m
}
