//go:build pocketsphinx

package pocketsphinx
import ("testing";"fmt";"os";"strings")
func TestZZ(t *testing.T){
	r:=openEngine(t,nil)
	for _,f:=range strings.Fields(os.Getenv("CLIPS")){
		for _,s:=range finals(transcribe(t,r,config(),devClip(t,f),3200)){ fmt.Printf("%s %v-%v %s\n",f,s.Span.Start,s.Span.End,s.Best().Text)}
	}
}
