package payload

import "fmt"

// farOff is more than any exponent that a limit allows. What is written is counted
// up to it and no further, however many digits it has.
const farOff = int64(1) << 48

// number reads a number (RFC 8259, section 6) and holds it to the limits.
func (c *checker) number() *Error {
	start := c.at
	if c.raw[c.at] == '-' {
		c.at++
	}
	whole := c.digits()
	if len(whole) == 0 || len(whole) > 1 && whole[0] == '0' {
		return c.misspelt()
	}
	var fraction []byte
	if c.peek() == '.' {
		c.at++
		if fraction = c.digits(); len(fraction) == 0 {
			return c.misspelt()
		}
	}
	n := len(whole) + len(fraction)
	var exponent int64
	if c.peek()|0x20 == 'e' {
		c.at++
		sign := c.peek()
		if sign == '-' || sign == '+' {
			c.at++
		}
		digits := c.digits()
		if len(digits) == 0 {
			return c.misspelt()
		}
		for _, d := range digits {
			exponent = min(exponent*10+int64(d-'0'), farOff)
		}
		if sign == '-' {
			exponent = -exponent
		}
	} else if n <= min(c.limits.MaxNumberDigits, c.limits.MaxExponent) {
		return nil // its digits alone do not make a greater magnitude
	}
	switch {
	case n > c.limits.MaxNumberDigits:
		c.at = start
		return c.fault(BadNumber,
			fmt.Sprintf("is a number of %d digits; the limit is %d: send it as a string", n, c.limits.MaxNumberDigits))
	case !c.near(exponent) || !c.near(exponent+magnitude(whole, fraction)):
		c.at = start
		return c.fault(BadNumber,
			fmt.Sprintf("is a number with an exponent beyond ±%d: send it as a string", c.limits.MaxExponent))
	}
	return nil
}

func (c *checker) misspelt() *Error {
	return c.fault(Malformed, "is malformed: the number is not written as JSON has it, such as -1.5e3")
}

func (c *checker) digits() []byte {
	i := c.at
	for i < len(c.raw) && c.raw[i]-'0' <= 9 {
		i++
	}
	digits := c.raw[c.at:i]
	c.at = i
	return digits
}

func (c *checker) near(exponent int64) bool {
	limit := min(int64(c.limits.MaxExponent), farOff-1)
	return exponent <= limit && exponent >= -limit
}

// magnitude is the exponent that whole.fraction has in scientific notation: 2 for
// 123, -3 for 0.00123. It is 0 for zero, which an exponent does not make greater.
func magnitude(whole, fraction []byte) int64 {
	if whole[0] != '0' {
		return int64(len(whole) - 1)
	}
	for i, d := range fraction {
		if d != '0' {
			return -int64(i + 1)
		}
	}
	return 0
}
