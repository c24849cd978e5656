package auth

// Occupy takes all places that there are for looking at passwords, until the returned function is called.
func (p *Passwords) Occupy() (leave func()) {
	for range hashesAtOnce {
		p.work <- struct{}{}
		p.queue <- struct{}{}
	}
	return func() {
		for range hashesAtOnce {
			<-p.work
			<-p.queue
		}
	}
}
