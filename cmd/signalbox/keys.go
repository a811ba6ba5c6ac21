package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/signalbox/signalbox/internal/app"
	"github.com/signalbox/signalbox/internal/signalbox"
)

type keysCmd struct {
	Create keysCreateCmd `cmd:"" help:"Make a key, and print it, this once, alone on standard output."`
	List   keysListCmd   `cmd:"" help:"List a tenant's keys, newest first, without their secrets."`
	Rotate keysRotateCmd `cmd:"" help:"Make a key that replaces another, which goes on for a while; print the new one as create does."`
	Revoke keysRevokeCmd `cmd:"" help:"Shut a key out, on every server within ten seconds."`
}

// tenantFlag says whose keys, or log, it is about.
type tenantFlag struct {
	Tenant string `help:"The slug of the tenant that it is about." default:"default" env:"SIGNALBOX_TENANT"`
}

// noSuchKey names the tenant in which a key was not found: it may well be another's.
func (f tenantFlag) noSuchKey(err error, id signalbox.ID) error {
	if e := signalbox.AsError(err); e.Code == signalbox.CodeNotFound && strings.Contains(e.Message, id.String()) {
		return fmt.Errorf("%s in the tenant %s; another tenant is named with --tenant", e.Message, f.Tenant)
	}
	return err
}

type keysCreateCmd struct {
	operatorFlags
	tenantFlag

	Can       []string `required:"" sep:"none" help:"A permission; give the flag several times. events:send:<type>/<operation> with * for any run of characters, events:read, types:write, rules:write, dispatches:redrive, tenant:admin, operator." placeholder:"PERMISSION"`
	Name      string   `help:"What the key is for."`
	ExpiresIn span     `help:"For how long it is good, e.g. 90d or 12h; for ever if not given." placeholder:"DURATION"`
	limitFlags
}

func (c *keysCreateCmd) Run(ctx context.Context, out output) error {
	for _, one := range c.Can {
		if isList(one) {
			return fmt.Errorf("--can %q is several permissions in one: give the flag once for each", one)
		}
	}
	permissions, err := signalbox.ParsePermissions(c.Can)
	if err != nil {
		return fmt.Errorf("--can: %w", err)
	}
	if c.ExpiresIn < 0 {
		return errors.New("--expires-in is negative: leave it out for a key that never expires")
	}
	edit := signalbox.KeyEdit{Name: c.Name, Permissions: permissions, Limits: signalbox.Limits{}.With(c.edit())}
	if c.ExpiresIn > 0 {
		edit.ExpiresAt = time.Now().Add(time.Duration(c.ExpiresIn))
	}
	key, err := c.operator().CreateKey(ctx, c.Tenant, edit)
	if err != nil {
		return err
	}
	return printKey(out, c.Tenant, key)
}

// isList tells of a permission to send whose names have another permission behind a
// comma. A name may have a comma in it, but hardly one that is followed by that.
func isList(permission string) bool {
	for _, part := range strings.Split(permission, ",")[1:] {
		if _, err := signalbox.ParsePermission(strings.TrimSpace(part)); err == nil {
			return true
		}
	}
	return false
}

type keysRotateCmd struct {
	operatorFlags
	tenantFlag

	ID      string `arg:"" help:"The key's id, as keys list has it."`
	Overlap span   `help:"For how long the old key is still good, e.g. 24h or 7d; 30d at the most." default:"24h"`
}

func (c *keysRotateCmd) Run(ctx context.Context, out output) error {
	id, err := parseKeyID(c.ID)
	if err != nil {
		return err
	}
	overlap := time.Duration(c.Overlap)
	key, err := c.operator().RotateKey(ctx, c.Tenant, id, overlap)
	if err != nil {
		return c.noSuchKey(err, id)
	}
	fmt.Fprintf(out.stderr, "key %s is replaced, and is good for %s more at the most\n", id, overlap)
	return printKey(out, c.Tenant, key)
}

type keysRevokeCmd struct {
	operatorFlags
	tenantFlag

	ID string `arg:"" help:"The key's id, as keys list has it."`
}

func (c *keysRevokeCmd) Run(ctx context.Context, out output) error {
	id, err := parseKeyID(c.ID)
	if err != nil {
		return err
	}
	key, err := c.operator().RevokeKey(ctx, c.Tenant, id)
	if err != nil {
		return c.noSuchKey(err, id)
	}
	_, err = fmt.Fprintf(out.stdout, "key %s is revoked since %s; every server refuses it within 10 seconds\n", key.ID, moment(key.RevokedAt, "now"))
	return err
}

type keysListCmd struct {
	operatorFlags
	tenantFlag
	jsonFlag

	Valid bool `help:"Only keys that still let somebody in."`
}

func (c *keysListCmd) Run(ctx context.Context, out output) error {
	var filter signalbox.KeyFilter
	if c.Valid {
		filter.Valid = &c.Valid
	}
	keys, err := c.operator().Keys(ctx, c.Tenant, filter)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(out.stdout, keys, keyJSON)
	}
	rows := make([][]string, len(keys))
	for i := range keys {
		k := &keys[i]
		rows[i] = []string{
			k.ID.String(), orDash(k.Name), state(k, time.Now()), moment(k.LastUsedAt, "never"),
			limitsText(k.Limits), strings.Join(k.Permissions.Strings(), " "),
		}
	}
	return table(out.stdout, []string{"ID", "NAME", "STATE", "LAST USED", "LIMITS", "PERMISSIONS"}, rows)
}

// state says in a cell whether a key lets anyone in, and until when.
func state(k *signalbox.APIKey, now time.Time) string {
	switch {
	case !k.RevokedAt.IsZero():
		return "revoked " + moment(k.RevokedAt, "")
	case !k.Valid(now):
		return "expired " + moment(k.ExpiresAt, "")
	case !k.ExpiresAt.IsZero():
		return "until " + moment(k.ExpiresAt, "")
	default:
		return "good"
	}
}

// printKey writes the key where a shell's $(…) takes it up, and beside that what it is.
func printKey(out output, tenant string, k app.IssuedKey) error {
	until := "it does not expire"
	if !k.ExpiresAt.IsZero() {
		until = "it expires " + moment(k.ExpiresAt, "")
	}
	fmt.Fprintf(out.stderr, "key %s of tenant %s may %s; %s; it is shown this once, so keep it now\n",
		k.ID, tenant, strings.Join(k.Permissions.Strings(), ", "), until)
	_, err := fmt.Fprintln(out.stdout, k.Text)
	return err
}

// parseKeyID reads an id with its dashes or without them, as it stands in a key's
// text, or takes it out of that text: who finds a key where it should not be has it
// in this form.
func parseKeyID(text string) (signalbox.ID, error) {
	digits := text
	if rest, ok := strings.CutPrefix(text, "sbx_"); ok {
		digits, _, _ = strings.Cut(rest, "_")
	}
	if len(digits) == 32 {
		digits = digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
	}
	id, err := signalbox.ParseID(digits)
	if err != nil {
		return signalbox.ID{}, errors.New("that is no key's id: signalbox keys list shows them")
	}
	return id, nil
}
