package admin

import "github.com/earshot-stt/earshot/store"

// price is what a minute of audio costs with a model.
type price struct {
	Model     string `json:"model" doc:"\"*\": every model without a price of its own."`
	PerMinute int64  `json:"per_minute_micros" doc:"In millionths of the currency."`
	Currency  string `json:"currency" doc:"Three capital letters."`
}

func priceOf(p store.Price) price {
	return price{Model: p.Model, PerMinute: p.PerMinute, Currency: p.Currency}
}

// newPrice sets it.
type newPrice struct {
	PerMinute int64  `json:"per_minute_micros" need:"true"`
	Currency  string `json:"currency" need:"true"`
}

func (h *Handler) listPrices(c *call) (page[price], error) {
	list, err := h.store.Prices(c.ctx())
	return paged(list, "", err, priceOf)
}

func (h *Handler) setPrice(c *call, in *newPrice) (price, error) {
	p := store.Price{Model: c.path("model"), PerMinute: in.PerMinute, Currency: in.Currency}
	return priceOf(p), h.store.SetPrice(c.ctx(), c.actor, p)
}

func (h *Handler) deletePrice(c *call) error {
	return h.store.DeletePrice(c.ctx(), c.actor, c.path("model"))
}
