package pocketsphinx

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Work that nobody waits for begins when a core is free, and at once when it has become urgent or is not wanted any more.
func TestCores(t *testing.T) {
	for name, begin := range map[string]struct {
		change func(c *cores, urgent chan struct{}, cancel context.CancelFunc)
		after  time.Duration
	}{
		"a core is free": {func(c *cores, _ chan struct{}, _ context.CancelFunc) { c.end() }, time.Second},
		"urgent":         {func(_ *cores, urgent chan struct{}, _ context.CancelFunc) { close(urgent) }, time.Second},
		"not wanted":     {func(_ *cores, _ chan struct{}, cancel context.CancelFunc) { cancel() }, time.Second},
		"busier still":   {func(c *cores, _ chan struct{}, _ context.CancelFunc) { c.begin(); c.end() }, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCores(2)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				urgent, begun := make(chan struct{}), make(chan time.Time)
				c.spare(ctx, urgent) // the first finds a core
				c.begin()
				start := time.Now()
				go func() { // ends when its work has begun
					c.spare(ctx, urgent)
					begun <- time.Now()
				}()
				time.Sleep(time.Second)
				begin.change(c, urgent, cancel)
				synctest.Wait()
				select {
				case at := <-begun:
					if at.Sub(start) != begin.after {
						t.Errorf("begun after %v; expected %v", at.Sub(start), begin.after)
					}
					return
				default:
				}
				time.Sleep(time.Minute - time.Second)
				c.end()
				if at := <-begun; at.Sub(start) != begin.after {
					t.Errorf("begun after %v; expected %v", at.Sub(start), begin.after)
				}
			})
		})
	}
}
