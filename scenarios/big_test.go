package scenarios
import ("testing";"strings";"time";"fmt")
func TestBig(t *testing.T){
 u:=""; {var b strings.Builder; for i:=0;b.Len()<1<<20-20;i++ {fmt.Fprintf(&b,"k%d: 1\n",i)}; u=b.String()}
 for _,s:=range []string{strings.Repeat("&a ",349000),strings.Repeat("!a ",349000),strings.Repeat("a: 1\n",200000),u,"workload:\n"+strings.Repeat("- a\n",260000),"workload: ["+strings.Repeat("1,",500000)+"1]",strings.Repeat("\n",1<<20-10)+"a",strings.Repeat("a\n",1<<19-3),"a: |\n"+strings.Repeat(" a\n",349000),"a: \""+strings.Repeat("\\n",500000)+"\"", strings.Repeat("*a ",349000),strings.Repeat("%a\n",349000),strings.Repeat("# a\n",260000),strings.Repeat("---\n",260000),strings.Repeat("a:\n",340000), strings.Repeat("'a'",340000), strings.Repeat(":",1<<20-5), strings.Repeat("a:b,",1<<18-5), strings.Repeat("-",1<<20-5), strings.Repeat(" ",1<<20-5)+"a: b", strings.Repeat("[]",1<<19-5), strings.Repeat("[],\n",1<<18-5),strings.Repeat("a: [\n]\n",120000)} {
  t0:=time.Now(); _,err:=Parse("x",[]byte(s),Options{}); e:=err.Error(); if len(e)>70 {e=e[:70]}
  fmt.Printf("%.12q %v %.70q\n",s,time.Since(t0),e)
 }
}
